import type { EntityManager } from '../db/orm.ts'
import type { AccessConfig } from './access-config.ts'
import { ApiTokenEntity } from './api-token.entity.ts'

/**
 * In older versions, tokens had no owner on servers without sign-in. Those tokens now belong to the account `machine`. On servers
 * with a sign-in provider they did not work, and are deleted so that they do not start to.
 *
 * @returns how many tokens `machine` now owns
 */
export async function adoptOwnerless(em: EntityManager, access: AccessConfig, machineId: string): Promise<number> {
  const fork = em.fork()
  if (access.mode === 'sign-in' && (access.github ?? access.oidc)) await fork.nativeDelete(ApiTokenEntity, { user: null })
  return fork.nativeUpdate(ApiTokenEntity, { user: null }, { user: machineId })
}
