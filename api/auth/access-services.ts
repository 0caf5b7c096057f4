import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import type { EventHub } from '../events.ts'
import type { Log } from '../log.ts'
import type { ViewEvents } from '../view-events.ts'
import type { AccessConfig } from './access-config.ts'
import { createApiTokens } from './api-tokens.ts'
import { createAuditLog } from './audit-log.ts'
import { createAuditRetention, type AuditBounds } from './audit-retention.ts'
import { createLimits } from './rate-limits.ts'
import { createLocalUsers, localProvider } from './local-users.ts'
import { adoptOwnerless } from './ownerless-tokens.ts'
import { isOwnAccount, linkAccount, machineAccountId, ownAllowList } from './own-accounts.ts'
import { createPasswordGuard } from './password-guard.ts'
import { allowListOf, kindOf } from './providers.ts'
import { createSessions } from './sessions.ts'
import { createSignInLinks } from './sign-in-links.ts'
import { createSignInPlaces } from './sign-in-places.ts'
import type { AllowList } from './profile.ts'
import { createUsers } from './users.ts'

export type AccessServices = ReturnType<typeof createAccessServices>

/** Users, sessions, tokens, rate limits and the audit log. */
export function createAccessServices(deps: {
  access: AccessConfig
  isPrimary: boolean
  /** Signs session cookies when JWT_SECRET is not set. */
  ownSecret: string
  auditBounds: AuditBounds
  em: EntityManager
  events: EventHub<ViewEvents>
  clock: Clock
  log: Log
}) {
  const { access, em, clock } = deps
  /** So that whatever a session or token opened ends with it. */
  const onCredentialEnded = (credentialId: string): void => deps.events.emit('credentialEnded', credentialId)
  const audit = createAuditLog({ em, clock })
  const retention = createAuditRetention({ em, bounds: deps.auditBounds, clock, log: deps.log })
  const tokens = createApiTokens({ em, clock, onEnded: onCredentialEnded })
  const secret = (access.mode === 'sign-in' ? access.secret : undefined) ?? deps.ownSecret
  const sessions = access.mode === 'trusted-edge' ? null : createSessions({ em, clock, secret, onEnded: onCredentialEnded })
  const links = access.mode === 'trusted-edge' ? null : createSignInLinks({ em, clock })
  const places = createSignInPlaces({ em, clock })
  const limits = createLimits({ clock })
  const localUsers = deps.isPrimary ? null : createLocalUsers({ em })

  function listFor(provider: string): AllowList | null {
    // Without sign-in there are no sign-in links either.
    if (provider === linkAccount.provider && !links) return null
    if (isOwnAccount(provider)) return ownAllowList(provider)
    return provider === localProvider && localUsers ? { users: localUsers.names(), groups: [] } : allowListOf(access, provider)
  }

  const users = createUsers({
    ...{ em, clock, allowListOf: listFor, grants: access.grants },
    kindOf: (provider) => kindOf(access, provider),
    note: (words) => deps.log.warn(words),
    onRemoved(userId) {
      sessions?.forgetUser(userId)
      tokens.forgetUser(userId)
    },
  })
  let machineId = ''

  /** Picks up what the command `local-user` changed in its own process, and removes the accounts it ended. */
  async function refreshLocalUsers(): Promise<void> {
    if (!localUsers) return
    await localUsers.refresh()
    await users.keepOnly(localProvider, localUsers.versions())
  }

  return {
    audit,
    tokens,
    /** Signs what a browser stores and sends back. */
    secret,
    /** Null when sign-in is off. */
    sessions,
    users,
    limits,
    /** Called before every password check. */
    passwords: createPasswordGuard({ limits, places }),
    /** Null when sign-in is off. */
    links,
    /** Whether an admin of every node has a permanent way to sign in, so that nobody needs the link. */
    administratorCanSignIn: (): boolean => localUsers?.isEmpty() === false || providersLetAdministratorIn(access),
    /** The account that owns tokens made on this machine. */
    machineId: (): string => machineId,
    /** Null on a primary. */
    localUsers,
    refreshLocalUsers,
    async start(): Promise<void> {
      machineId = await machineAccountId(em, clock.now())
      await adoptOwnerless(em, access, machineId)
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
    /** Deletes audit log lines beyond the configured age, number or size. */
    pruneAudit: retention.run,
    /** Writes the pending summaries, which exist only in memory. */
    stop: (): Promise<void> => audit.summarise({ all: true }),
  }
}

function providersLetAdministratorIn(access: AccessConfig): boolean {
  if (access.mode !== 'sign-in' || !(access.github ?? access.oidc)) return false
  // Without any grants, everyone allowed to sign in is an admin.
  return access.grants.length === 0 || access.grants.some(({ role, labels }) => role === 'admin' && Object.keys(labels).length === 0)
}
