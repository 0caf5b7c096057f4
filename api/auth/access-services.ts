import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import type { EventHub } from '../events.ts'
import type { Log } from '../log.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import type { ViewEvents } from '../view-events.ts'
import type { AccessConfig } from './access-config.ts'
import { createApiTokens } from './api-tokens.ts'
import { createAuditLog } from './audit-log.ts'
import { createAuditRetention, type AuditBounds } from './audit-retention.ts'
import { createLimits } from './rate-limits.ts'
import { adoptLocalUsers } from './former-local-users.ts'
import { adoptOwnerless } from './ownerless-tokens.ts'
import { isOwnAccount, linkAccount, localProvider, machineAccountId, ownAllowList } from './own-accounts.ts'
import { createInvitations } from './invitations.ts'
import { createPasswordChanges } from './password-changes.ts'
import { createPasswordGuard } from './password-guard.ts'
import { createOwnWays } from './own-ways.ts'
import { allowListOf, kindOf } from './providers.ts'
import type { SecretBox } from './secret-box.ts'
import { createSessions } from './sessions.ts'
import { createSignInLinks } from './sign-in-links.ts'
import { createSignInPlaces } from './sign-in-places.ts'
import type { AllowList } from './profile.ts'
import { createUsers, type KnownUser } from './users.ts'

/** Whether this is an admin of every node. */
const isAdministrator = (user: KnownUser | undefined): boolean => user?.role === 'admin' && user.nodeLimit === null

const announcing = (events: EventHub<ViewEvents>) => ({
  /** So that whatever a session or token opened ends with it. */
  onEnded: (credentialId: string): void => events.emit('credentialEnded', credentialId),
  /** So that what is open loses rights together with its caller, and lists of people are up to date. */
  onChanged: (): void => events.emit('people', undefined),
})

export type AccessServices = ReturnType<typeof createAccessServices>

/** Users, sessions, tokens, rate limits and the audit log. */
export function createAccessServices(deps: {
  access: AccessConfig
  isPrimary: boolean
  /** Signs session cookies when JWT_SECRET is not set. */
  ownSecret: string
  /** Seals secrets at rest. */
  box: SecretBox
  /** URL at which people reach this server. */
  baseUrl: string
  auditBounds: AuditBounds
  em: EntityManager
  events: EventHub<ViewEvents>
  clock: Clock
  log: Log
}) {
  const { access, em, clock } = deps
  const { onEnded, onChanged } = announcing(deps.events)
  const audit = createAuditLog({ em, clock, onWritten: (id) => deps.events.emit('audit', id) })
  const retention = createAuditRetention({ em, bounds: deps.auditBounds, clock, log: deps.log })
  const tokens = createApiTokens({ em, clock, onEnded })
  const secret = (access.mode === 'sign-in' ? access.secret : undefined) ?? deps.ownSecret
  const isSignInOff = access.mode === 'trusted-edge'
  const sessions = isSignInOff ? null : createSessions({ em, clock, secret, onEnded, onChanged })
  const links = isSignInOff ? null : createSignInLinks({ em, clock })
  const places = createSignInPlaces({ em, clock })
  const limits = createLimits({ clock })
  const { passwords, secondFactors, passkeys, startWays, forgetWays } = createOwnWays({ ...deps, onChanged })
  const guard = createPasswordGuard({ limits, places })

  const users = createUsers({
    ...{ em, clock, allowListOf: (provider) => listFor(access, provider), grants: access.grants },
    kindOf: (provider) => kindOf(access, provider),
    note: (words) => deps.log.warn(words),
    onChanged,
    onRemoved(userId) {
      sessions?.forgetUser(userId)
      tokens.forgetUser(userId)
      forgetWays(userId)
    },
  })
  const invitations = createInvitations({ em, clock, onChanged, mayInvite: (id) => isAdministrator(users.find(id)) })
  let machineId = ''

  const passwordLetsAdministratorIn = (): boolean => passwords.owners().some((id) => isAdministrator(users.find(id)))

  return {
    ...{ audit, tokens },
    /** Signs what a browser stores and sends back. */
    secret,
    /** Null when sign-in is off. */
    sessions,
    ...{ users, limits, invitations },
    /** Two administrators must not take the role from each other at the same moment. */
    userChanges: oneAtATime(),
    ...{ passwords, passwordGuard: guard, secondFactors, passkeys },
    /** Null when sign-in is off. */
    passwordChanges: sessions && createPasswordChanges({ users, passwords, sessions, invitations, guard, clock }),
    /** Null when sign-in is off. */
    links,
    /** Whether an admin of every node has a permanent way to sign in, so that nobody needs the link. */
    administratorCanSignIn: (): boolean => passwordLetsAdministratorIn() || providersLetAdministratorIn(access),
    /** The account that owns tokens made on this machine. */
    machineId: (): string => machineId,
    async start(): Promise<void> {
      machineId = await machineAccountId(em, clock.now())
      await adoptOwnerless(em, access, machineId)
      await adoptLocalUsers({ em, isPrimary: deps.isPrimary, log: deps.log })
      await users.start()
      await tokens.start()
      await sessions?.start()
      await places.start()
      await startWays()
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

function listFor(access: AccessConfig, provider: string): AllowList | null {
  // Without sign-in there are no sign-in links and no passwords either.
  if ([linkAccount.provider, localProvider].includes(provider) && access.mode === 'trusted-edge') return null
  if (isOwnAccount(provider)) return ownAllowList(provider)
  return provider === localProvider ? { users: [], groups: [] } : allowListOf(access, provider)
}

function providersLetAdministratorIn(access: AccessConfig): boolean {
  if (access.mode !== 'sign-in' || !(access.github ?? access.oidc)) return false
  // Without any grants, everyone allowed to sign in is an admin.
  return access.grants.length === 0 || access.grants.some(({ role, labels }) => role === 'admin' && Object.keys(labels).length === 0)
}
