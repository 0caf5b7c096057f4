import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import type { AccessConfig } from './access-config.ts'
import { createApiTokens } from './api-tokens.ts'
import { createAuditLog } from './audit-log.ts'
import { allowListOf } from './providers.ts'
import { createSessions } from './sessions.ts'
import { createUsers } from './users.ts'

export type AccessServices = ReturnType<typeof createAccessServices>

/** Who may come in and what is written of it: people, their sessions and tokens, the audit log. */
export function createAccessServices(deps: {
  access: AccessConfig
  em: EntityManager
  clock: Clock
  /** A session or token has ended: what it opened must end too. */
  onCredentialEnded: (credentialId: string) => void
}) {
  const { access, em, clock, onCredentialEnded } = deps
  const audit = createAuditLog({ em, clock })
  const tokens = createApiTokens({ em, clock, onEnded: onCredentialEnded })
  const sessions = access.mode === 'sign-in' ? createSessions({ em, clock, secret: access.secret, onEnded: onCredentialEnded }) : null
  const users = createUsers({
    em,
    clock,
    allowListOf: (provider) => allowListOf(access, provider),
    grants: access.mode === 'local-only' ? [] : access.grants,
    onRemoved(userId) {
      sessions?.forgetUser(userId)
      tokens.forgetUser(userId)
    },
  })

  return {
    audit,
    tokens,
    /** Null where nobody signs in. */
    sessions,
    users,
    async start(): Promise<void> {
      await users.start()
      await tokens.start()
      await sessions?.start()
    },
    async flush(): Promise<void> {
      await tokens.flush()
      await sessions?.flush()
    },
  }
}
