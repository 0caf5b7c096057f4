import { randomUUID } from 'node:crypto'
import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import { AppError, notFound } from '../errors.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import { createAdmission, isGroup, isOnePerson } from './admission.ts'
import { createGrantBindings, type Account } from './grant-bindings.ts'
import type { Grant, ProviderKind } from './grants.ts'
import type { NodeLimit } from './caller.ts'
import { linkAccount, localProvider, machineAccount } from './own-accounts.ts'
import type { Role } from './permissions.ts'
import type { AllowList, Profile } from './profile.ts'
import { standingOf, type RoleSource, type Standing } from './standing.ts'
import { givenByAdministrator, UserEntity, type UserRow } from './user.entity.ts'

export interface KnownUser {
  id: string
  provider: string
  login: string
  name: string | null
  email: string | null
  groups: string[]
  role: Role
  nodeLimit: NodeLimit
  roleFrom: RoleSource
  createdAt: Date
  lastSignInAt: Date
}

/** A name for a new account that no other account here has, so that each audit log line means one person. */
function nameFor({ subject, login, email }: Profile, others: Iterable<UserRow>, isChosen: boolean): string {
  const isTaken = [...others].some((row) => row.login.toLowerCase() === login.toLowerCase())
  const isOther = email?.toLowerCase() !== login.toLowerCase()
  return isTaken && isChosen ? `${login} (${(isOther && email) || subject})` : login
}

export type Users = ReturnType<typeof createUsers>

/** The people who signed in here, and what each can do. Kept in memory and in the database. */
export function createUsers(deps: {
  em: EntityManager
  clock: Clock
  allowListOf: (provider: string) => AllowList | null
  /** The name that grants use for a provider. Null for accounts of this server itself. */
  kindOf: (provider: string) => ProviderKind | null
  grants: Grant[]
  /** Receives messages for the person who runs this server. */
  note?: (words: string) => void
  /** Called when somebody came or went, or has another name, role or other nodes. */
  onChanged: () => void
  /** Called when a user loses access. */
  onRemoved: (userId: string) => void
}) {
  const { em, clock } = deps
  const rows = new Map<string, UserRow>()
  const admission = createAdmission(deps)
  const { isChosen, isStillAllowed } = admission
  const bindings = createGrantBindings({ em, clock, grants: deps.grants, note: deps.note ?? (() => undefined) })
  const changes = oneAtATime()

  /** Two simultaneous sign-ins must not both find the same name free, and no change brings back somebody who is being removed. */
  async function change<T>(work: () => Promise<T>): Promise<T> {
    const result = await changes(work)
    deps.onChanged()
    return result
  }

  const accountOf = (row: UserRow): Account => ({ ...row, kind: deps.kindOf(row.provider) })

  function view(row: UserRow): KnownUser {
    const { id, provider, login, name, email, groups, createdAt, lastSignInAt } = row
    const account = { id, provider, login, name, email, groups, createdAt, lastSignInAt }
    return { ...account, ...standingOf(row, accountOf(row), { grants: deps.grants, bindings }) }
  }

  async function store(row: UserRow): Promise<KnownUser> {
    await em.fork().upsert(UserEntity, { ...row })
    rows.set(row.id, row)
    return view(row)
  }

  /** @throws NOT_FOUND */
  function get(id: string): UserRow {
    const row = rows.get(id)
    if (!row || row.provider === machineAccount.provider) throw notFound('user', id)
    return row
  }

  async function letIn(profile: Profile, given?: Standing): Promise<KnownUser> {
    const known = [...rows.values()].find((row) => row.provider === profile.provider && row.subject === profile.subject)
    const bound = known && isStillAllowed(known) ? known : undefined
    const login = bound?.login ?? (known ? profile.login : nameFor(profile, rows.values(), isChosen(profile.provider)))
    const entry =
      bound && !isGroup(bound.allowedAs)
        ? bound.allowedAs
        : (admission.entryFor({ ...profile, login }) ?? (given ? givenByAdministrator : null))
    if (!entry) throw new AppError('FORBIDDEN', admission.refusal(profile))
    const isTaken = [...rows.values()].some(
      (row) =>
        row !== known &&
        row.provider === profile.provider &&
        isStillAllowed(row) &&
        ((row.allowedAs === entry && isOnePerson(entry)) || row.login.toLowerCase() === login.toLowerCase()),
    )
    if (isTaken) {
      throw new AppError(
        'FORBIDDEN',
        `${profile.login} is not the account that signed in with this name before. An admin can remove that account`,
      )
    }
    const now = clock.now()
    const { provider, subject, name, email, groups } = profile
    const row: UserRow = {
      id: known?.id ?? randomUUID(),
      ...{ provider, subject, login, name, email, groups },
      allowedAs: entry,
      role: given?.role ?? known?.role ?? null,
      nodeLimit: (given ?? known)?.nodeLimit ?? null,
      createdAt: known?.createdAt ?? now,
      lastSignInAt: now,
    }
    await store(row)
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
    /** @throws StartError for a grant that could mean two people */
    async start(): Promise<void> {
      for (const row of await em.fork().find(UserEntity, {})) rows.set(row.id, row)
      await bindings.start([...rows.values()].filter(isStillAllowed).map(accountOf))
    },

    /**
     * Lets a person in, or says why not. The first sign-in binds the account to its entry and login. Someone who is renamed keeps
     * access and roles, and someone who takes over the old login inherits neither.
     *
     * @param given what an invitation gives someone who is on no list
     * @throws FORBIDDEN
     */
    signIn: (profile: Profile, given?: Standing): Promise<KnownUser> => change(() => letIn(profile, given)),

    /** Adds someone who signs in with a name and a password. The caller has checked that the name is free. */
    add: (login: string, { role, nodeLimit }: Standing): Promise<KnownUser> => {
      const profile = { provider: localProvider, subject: randomUUID(), login, name: null, email: null, groups: [] }
      const now = clock.now()
      const row = { id: randomUUID(), ...profile, allowedAs: givenByAdministrator, role, nodeLimit, createdAt: now, lastSignInAt: now }
      return change(() => store(row))
    },

    /** For accounts that are this server's own. Others are named by their provider. */
    rename: (id: string, login: string): Promise<void> =>
      change(async () => {
        const row = get(id)
        if (row.provider === localProvider) await store({ ...row, login })
      }),

    /** @throws NOT_FOUND */
    signedIn: (id: string): Promise<KnownUser> => change(() => store({ ...get(id), lastSignInAt: clock.now() })),

    /** @throws NOT_FOUND */
    give: (id: string, { role, nodeLimit }: Standing): Promise<KnownUser> => change(() => store({ ...get(id), role, nodeLimit })),

    /** The account with this login, other than the one for sign-in links. */
    named: (name: string): KnownUser | undefined => {
      const row = [...rows.values()].find(
        (each) => each.provider !== linkAccount.provider && each.login.toLowerCase() === name.toLowerCase() && isStillAllowed(each),
      )
      return row && view(row)
    },

    /** Whether a person would be let in if the provider had verified their address. */
    lacksVerification: admission.lacksVerification,

    /** Undefined if the user is unknown or no longer allowed in. */
    find(id: string): KnownUser | undefined {
      const row = rows.get(id)
      return row && isStillAllowed(row) ? view(row) : undefined
    },

    /** The people, sorted by login. Leaves out the account `machine`. */
    list: (): KnownUser[] =>
      [...rows.values()]
        .filter((row) => isStillAllowed(row) && row.provider !== machineAccount.provider)
        .map(view)
        .sort((a, b) => a.login.localeCompare(b.login, 'en')),

    /** Deletes an account with its sessions and tokens. If the person signs in again, they get a new one. @throws NOT_FOUND */
    remove: (id: string): Promise<void> => change(() => remove(get(id).id)),
  }
}
