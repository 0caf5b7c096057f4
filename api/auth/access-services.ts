import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { AccessConfig } from './access-config.ts'
import { createApiTokens } from './api-tokens.ts'
import { createAuditLog } from './audit-log.ts'
import { createAuditRetention, type AuditBounds } from './audit-retention.ts'
import { createLocalUsers, localProvider } from './local-users.ts'
import { allowListOf, kindOf } from './providers.ts'
import { createSessions } from './sessions.ts'
import { createSignInPlaces } from './sign-in-places.ts'
import { createUsers } from './users.ts'

export type AccessServices = ReturnType<typeof createAccessServices>

/** Who may come in and what is written of it: people, their sessions and tokens, the audit log. */
export function createAccessServices(deps: {
  access: AccessConfig
  /** Signs the cookies of local users; null where there are none, as on a primary. */
  localSecret: string | null
  auditBounds: AuditBounds
  em: EntityManager
  clock: Clock
  log: Log
  /** A session or token has ended: what it opened must end too. */
  onCredentialEnded: (credentialId: string) => void
}) {
  const { access, em, clock, onCredentialEnded } = deps
  const audit = createAuditLog({ em, clock })
  const retention = createAuditRetention({ em, bounds: deps.auditBounds, clock, log: deps.log })
  const tokens = createApiTokens({ em, clock, onEnded: onCredentialEnded })
  const secret = access.mode === 'sign-in' ? access.secret : deps.localSecret
  const sessions = secret === null ? null : createSessions({ em, clock, secret, onEnded: onCredentialEnded })
  const places = createSignInPlaces({ em, clock })
  const localUsers = deps.localSecret === null ? null : createLocalUsers({ em })
  const users = createUsers({
    em,
    clock,
    allowListOf: (provider) =>
      provider === localProvider && localUsers ? { users: localUsers.names(), groups: [] } : allowListOf(access, provider),
    kindOf: (provider) => kindOf(access, provider),
    grants: access.mode === 'local-only' ? [] : access.grants,
    note: (words) => deps.log.warn(words),
    onRemoved(userId) {
      sessions?.forgetUser(userId)
      tokens.forgetUser(userId)
    },
  })

  /** Learns what the command `local-user` did beside this process, and ends what it ended. */
  async function refreshLocalUsers(): Promise<void> {
    if (!localUsers) return
    await localUsers.refresh()
    await users.keepOnly(localProvider, localUsers.versions())
  }

  return {
    audit,
    tokens,
    /** Null where nobody can sign in. */
    sessions,
    users,
    /** From where people have signed in by password. */
    places,
    /** Null on a primary. */
    localUsers,
    refreshLocalUsers,
    async start(): Promise<void> {
      await users.start()
      await tokens.start()
      await sessions?.start()
      await places.start()
      await refreshLocalUsers()
    },
    async flush(): Promise<void> {
      await tokens.flush()
      await sessions?.flush()
      await audit.summarise()
    },
    /** Deletes what is older, or more, than the audit log is to keep. */
    pruneAudit: retention.run,
    /** Writes what would be forgotten. */
    stop: (): Promise<void> => audit.summarise({ all: true }),
  }
}
