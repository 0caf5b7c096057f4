import type { EntityManager } from '../db/orm.ts'
import type { AccessConfig } from './access-config.ts'
import { ApiTokenEntity } from './api-token.entity.ts'

/**
 * Tokens had no owner where nobody signed in. They go on as tokens of the account `machine`; but where people had to sign in
 * with a provider they were good for nothing, and must not come to life again.
 *
 * @returns how many go on
 */
export async function adoptOwnerless(em: EntityManager, access: AccessConfig, machineId: string): Promise<number> {
  const fork = em.fork()
  if (access.mode === 'sign-in' && (access.github ?? access.oidc)) await fork.nativeDelete(ApiTokenEntity, { user: null })
  return fork.nativeUpdate(ApiTokenEntity, { user: null }, { user: machineId })
}
