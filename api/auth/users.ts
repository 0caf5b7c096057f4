import { randomUUID } from 'node:crypto'
import pLimit from 'p-limit'
import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import { AppError, notFound } from '../errors.ts'
import { createGrantBindings, type Account } from './grant-bindings.ts'
import { roleOf, type Grant, type ProviderKind } from './grants.ts'
import type { NodeLimit } from './caller.ts'
import { isOwnAccount, machineAccount } from './own-accounts.ts'
import type { Role } from './permissions.ts'
import { UserEntity, type UserRow } from './user.entity.ts'

/** What a provider says of who has just signed in there. */
export interface Profile {
  /** `github`, or the issuer of an OpenID Connect provider. */
  provider: string
  /** The provider's own, lasting id of the account. */
  subject: string
  login: string
  name: string | null
  /** Only where the provider has verified it. */
  email: string | null
  /** What the provider says without having verified it; it lets nobody in, but a person should hear why. */
  unverifiedEmail?: string | null
  groups: string[]
}

/** Who may sign in with one provider; entries are lower case. */
export interface AllowList {
  users: string[]
  groups: string[]
}

export interface KnownUser {
  id: string
  provider: string
  login: string
  name: string | null
  email: string | null
  groups: string[]
  role: Role
  nodeLimit: NodeLimit
  createdAt: Date
  lastSignInAt: Date
}

export type Users = ReturnType<typeof createUsers>

/** The people who signed in here, and what each may do. In memory and in the database alike. */
export function createUsers(deps: {
  em: EntityManager
  clock: Clock
  allowListOf: (provider: string) => AllowList | null
  /** What grants call a provider; null for accounts of this server itself. */
  kindOf: (provider: string) => ProviderKind | null
  grants: Grant[]
  /** Told what whoever runs this server should know. */
  note?: (words: string) => void
  /** A person may not come in any more. */
  onRemoved: (userId: string) => void
}) {
  const { em, clock } = deps
  const rows = new Map<string, UserRow>()
  const bindings = createGrantBindings({ em, clock, grants: deps.grants, note: deps.note ?? (() => undefined) })
  // Two sign-ins at once must not both find that a name is free.
  const oneAtATime = pLimit(1)

  /** Whether people call themselves there what they like: such a name lets nobody in, and is no proof of who somebody is. */
  const isChosen = (provider: string): boolean => deps.kindOf(provider) === 'oidc'

  const accountOf = (row: UserRow): Account => ({ ...row, kind: deps.kindOf(row.provider) })

  /** The name of a new account, which nobody else has here: a line of the audit log means one person. */
  function nameFor({ provider, subject, login, email }: Profile): string {
    const isTaken = [...rows.values()].some((row) => row.login.toLowerCase() === login.toLowerCase())
    const isOther = email?.toLowerCase() !== login.toLowerCase()
    return isTaken && isChosen(provider) ? `${login} (${(isOther && email) || subject})` : login
  }

  /** Which entry of the allow list a person is let in by; null for none. */
  function entryFor({ provider, subject, login, email, groups }: Profile): string | null {
    const list = deps.allowListOf(provider)
    const names = [isChosen(provider) ? subject : login, email].flatMap((name) => name?.toLowerCase() ?? [])
    const user = list?.users.find((entry) => names.includes(entry))
    if (user) return user
    const group = list?.groups.find((entry) => groups.includes(entry))
    return group ? `group:${group}` : null
  }

  const isStillAllowed = ({ provider, allowedAs }: UserRow): boolean => {
    const list = deps.allowListOf(provider)
    if (!list) return false
    return isGroup(allowedAs) ? list.groups.includes(allowedAs.slice(6)) : list.users.includes(allowedAs)
  }

  function view(row: UserRow): KnownUser {
    const { id, provider, login, name, email, groups, createdAt, lastSignInAt } = row
    const account = accountOf(row)
    const granted = isOwnAccount(provider)
      ? ({ role: 'admin', nodeLimit: null } as const)
      : roleOf(deps.grants, account, (grant) => bindings.isFor(grant, account))
    return { id, provider, login, name, email, groups, createdAt, lastSignInAt, ...granted }
  }

  function refusal({ provider, login, subject }: Profile): string {
    const isNamed = deps.allowListOf(provider)?.users.includes(login.toLowerCase())
    return isNamed
      ? `${login} is on the list of people who may sign in here, but people choose that name themselves. Put the e-mail address on the list, or the id ${subject}`
      : `${login} is not on the list of people who may sign in here`
  }

  async function letIn(profile: Profile): Promise<KnownUser> {
    const known = [...rows.values()].find((row) => row.provider === profile.provider && row.subject === profile.subject)
    const bound = known && isStillAllowed(known) ? known : undefined
    const login = bound?.login ?? (known ? profile.login : nameFor(profile))
    const entry = bound && !isGroup(bound.allowedAs) ? bound.allowedAs : entryFor({ ...profile, login })
    if (!entry) throw new AppError('FORBIDDEN', refusal(profile))
    const isTaken = [...rows.values()].some(
      (row) =>
        row !== known &&
        row.provider === profile.provider &&
        isStillAllowed(row) &&
        ((row.allowedAs === entry && !isGroup(entry)) || row.login.toLowerCase() === login.toLowerCase()),
    )
    if (isTaken) {
      throw new AppError(
        'FORBIDDEN',
        `${profile.login} is another account than the one that signed in with this name before. An admin can forget that one`,
      )
    }
    const now = clock.now()
    const { provider, subject, name, email, groups } = profile
    const row: UserRow = {
      id: known?.id ?? randomUUID(),
      ...{ provider, subject, login, name, email, groups },
      allowedAs: entry,
      createdAt: known?.createdAt ?? now,
      lastSignInAt: now,
    }
    await em.fork().upsert(UserEntity, { ...row })
    rows.set(row.id, row)
    await bindings.seen(accountOf(row))
    return view(row)
  }

  async function remove(id: string): Promise<void> {
    const row = rows.get(id)
    await em.fork().nativeDelete(UserEntity, { id })
    if (row) await bindings.forget(row)
    rows.delete(id)
    deps.onRemoved(id)
  }

  return {
    /** @throws StartError for a grant that could be of two people */
    async start(): Promise<void> {
      for (const row of await em.fork().find(UserEntity, {})) rows.set(row.id, row)
      await bindings.start([...rows.values()].filter(isStillAllowed).map(accountOf))
    },

    /**
     * Lets a person in, or says why not. The account is bound to its entry and its login at the first sign-in: who is renamed
     * keeps access and roles, and who takes over the freed login inherits neither.
     *
     * @throws FORBIDDEN
     */
    signIn: (profile: Profile): Promise<KnownUser> => oneAtATime(() => letIn(profile)),

    /** Whether an address that the provider has not verified is all that keeps a person out. */
    lacksVerification: ({ unverifiedEmail, ...profile }: Profile): boolean =>
      Boolean(unverifiedEmail) && entryFor({ ...profile, email: unverifiedEmail ?? null }) !== null,

    /** Undefined for who is not, or no longer, allowed in. */
    find(id: string): KnownUser | undefined {
      const row = rows.get(id)
      return row && isStillAllowed(row) ? view(row) : undefined
    },

    /** The people. */
    list: (): KnownUser[] =>
      [...rows.values()]
        .filter((row) => isStillAllowed(row) && row.provider !== machineAccount.provider)
        .map(view)
        .sort((a, b) => a.login.localeCompare(b.login, 'en')),

    /** Forgets an account, its sessions and tokens with it; it is a new one if it comes again. @throws NOT_FOUND */
    async remove(id: string): Promise<void> {
      const row = rows.get(id)
      if (!row || row.provider === machineAccount.provider) throw notFound('user', id)
      await remove(id)
    },

    /** Forgets the accounts that a provider has no more, or has made anew. */
    async keepOnly(provider: string, subjects: ReadonlySet<string>): Promise<void> {
      const gone = [...rows.values()].filter((row) => row.provider === provider && !subjects.has(row.subject))
      for (const { id } of gone) await remove(id)
    },
  }
}

const isGroup = (entry: string): boolean => entry.startsWith('group:')
