import type { AccessServices } from '../auth/access-services.ts'
import type { Action } from '../auth/action.ts'
import { usualHours, type Invitation } from '../auth/invitations.ts'
import { readNodeLimit } from '../auth/node-limits.ts'
import { linkAccount } from '../auth/own-accounts.ts'
import type { Role } from '../auth/permissions.ts'
import type { Session } from '../auth/sessions.ts'
import type { KnownUser } from '../auth/users.ts'
import { AppError, notFound } from '../errors.ts'
import type { Access } from './access.ts'

export const userActions = {
  updateUser: { word: 'user.update', permission: 'users.manage' },
  endUserSessions: { word: 'user.end-sessions', permission: 'users.manage' },
  resetSecondFactor: { word: 'user.reset-second-factor', permission: 'users.manage' },
  removeUser: { word: 'user.remove', permission: 'users.manage' },
  inviteUser: { word: 'user.invite', permission: 'users.manage' },
  withdrawInvitation: { word: 'user.withdraw-invitation', permission: 'users.manage' },
} as const satisfies Record<string, Action>

/** A role, and the nodes it is for, as label sets such as `env=lab,team=web`. */
export interface GivenRole {
  role: Role
  nodeLimit?: readonly string[] | null | undefined
}

export interface InvitationInput extends GivenRole {
  note?: string | null | undefined
  expiresInHours?: number | null | undefined
}

/** The people who can sign in, for callers who manage them. */
export function createUserUsers({ access, services }: { access: Access; services: AccessServices }) {
  const { users, userChanges, sessions, passwords, invitations, secondFactors, passkeys } = services
  const { act, caller, need } = access
  const loginOf = (id: string): string => users.find(id)?.login ?? id

  /** @throws NOT_FOUND */
  function get(id: string): KnownUser {
    const user = users.list().find((each) => each.id === id)
    if (!user) throw notFound('user', id)
    return user
  }

  /** @throws CONFLICT */
  function needAnotherAdministrator(user: KnownUser, to: string): void {
    if (!isAdministrator(user) || users.list().some((each) => each.id !== user.id && isAdministrator(each))) return
    throw new AppError('CONFLICT', `${user.login} is the last administrator of every node. Make somebody else one before you ${to}`)
  }

  return {
    /** @throws FORBIDDEN */
    list(): KnownUser[] {
      need('users.manage')
      return users.list()
    },
    sessionsOf: ({ id }: KnownUser): Session[] => sessions?.listOf(id) ?? [],
    passwordNameOf: ({ id }: KnownUser): string | null => passwords.nameOf(id),
    /** The last use of an open session, or the last sign-in. */
    lastSeenOf({ id, lastSignInAt }: KnownUser): Date {
      const [latest] = sessions?.listOf(id) ?? []
      return latest && latest.lastUsedAt > lastSignInAt ? latest.lastUsedAt : lastSignInAt
    },

    /** @throws INVALID_INPUT, NOT_FOUND, CONFLICT for a role from the settings and for the last administrator */
    update: (id: string, { role, nodeLimit }: GivenRole): Promise<KnownUser> =>
      act(userActions.updateUser, { subject: `${loginOf(id)} ${roleWords({ role, nodeLimit })}` }, () =>
        userChanges(async () => {
          const given = { role, nodeLimit: readNodeLimit(nodeLimit) }
          const user = get(id)
          if (user.roleFrom === 'settings' || user.roleFrom === 'server') throw new AppError('CONFLICT', fixedRole(user))
          if (!isAdministrator({ ...user, ...given })) needAnotherAdministrator(user, `take the role from ${user.login}`)
          return users.give(id, given)
        }),
      ),
    endSessions: (id: string): Promise<KnownUser> =>
      act(userActions.endUserSessions, { subject: loginOf(id) }, async () => {
        const user = get(id)
        await sessions?.revokeAll(id)
        return user
      }),
    hasSecondFactor: ({ id }: KnownUser): boolean => secondFactors.isOn(id),
    passkeyCountOf: ({ id }: KnownUser): number => passkeys.listOf(id).length,
    /** For someone who lost both the phone and the recovery codes. */
    resetSecondFactor: (id: string): Promise<KnownUser> =>
      act(userActions.resetSecondFactor, { subject: loginOf(id) }, async () => {
        const user = get(id)
        await secondFactors.remove(id)
        return user
      }),
    remove: (id: string): Promise<string> =>
      act(userActions.removeUser, { subject: loginOf(id) }, () =>
        userChanges(async () => {
          needAnotherAdministrator(get(id), 'remove this account')
          await users.remove(id)
          return id
        }),
      ),

    /** Something each time that the people or the invitations change. @throws FORBIDDEN */
    watch() {
      need('users.manage')
      return access.watch('people', { seen: () => true, keyOf: () => 'people' })
    },

    /** Open invitations, newest first. @throws FORBIDDEN */
    invitations(): Promise<Invitation[]> {
      need('users.manage')
      return invitations.list()
    },
    /** @throws INVALID_INPUT, CONFLICT when sign-in is off or too many are open */
    invite: ({ role, nodeLimit, note, expiresInHours }: InvitationInput): Promise<{ invitation: Invitation; code: string }> =>
      act(userActions.inviteUser, { subject: `${note ?? ''} ${roleWords({ role, nodeLimit })}`.trim() }, () => {
        if (!sessions) throw new AppError('CONFLICT', 'Nobody signs in at this server (AUTH_ENABLED=false), so nobody can be invited')
        const given = { role, nodeLimit: readNodeLimit(nodeLimit) }
        return invitations.make({ ...given, note: note ?? '', expiresInHours: expiresInHours ?? usualHours }, caller)
      }),
    withdraw: (id: string): Promise<string> => act(userActions.withdrawInvitation, { id }, async () => (await invitations.withdraw(id)).id),
  }
}

/** Whether someone is an admin of every node who does not need a shell on the server to sign in. */
const isAdministrator = ({ role, nodeLimit, provider }: Pick<KnownUser, 'role' | 'nodeLimit' | 'provider'>): boolean =>
  role === 'admin' && nodeLimit === null && provider !== linkAccount.provider

const roleWords = ({ role, nodeLimit }: GivenRole): string =>
  nodeLimit && nodeLimit.length > 0 ? `(${role} on ${nodeLimit.join(' or ')})` : `(${role})`

const fixedRole = ({ login, roleFrom }: KnownUser): string =>
  roleFrom === 'settings'
    ? `AUTH_ADMINS, AUTH_OPERATORS or AUTH_VIEWERS in this server's settings names ${login}. Change the role there`
    : `${login} is the account for sign-in links, which is always an administrator`
