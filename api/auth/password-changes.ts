import type { Clock } from '../clock.ts'
import { AppError, invalidInput } from '../errors.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import { ownCommand } from '../own-command.ts'
import type { InvitationRow } from './invitation.entity.ts'
import type { Invitations } from './invitations.ts'
import { linkAccount, machineAccount } from './own-accounts.ts'
import type { PasswordGuard } from './password-guard.ts'
import { checkNameAndPassword, signInName, type Passwords } from './passwords.ts'
import type { Session, Sessions } from './sessions.ts'
import { linkMs } from './sign-in-links.ts'
import type { KnownUser, Users } from './users.ts'

export interface NewPassword {
  name: string
  password: string
  /** The password until now. */
  current?: string | undefined
}

/** The session that asks, and where it asks from. */
interface Asked {
  session: Session
  address: string
  /** See http/browser-secret.ts. */
  browser: string | null
}

interface Accepted {
  user: KnownUser
  invitation: InvitationRow
}

export type PasswordChanges = ReturnType<typeof createPasswordChanges>

/** How people set the name and password with which they sign in from then on. */
export function createPasswordChanges(deps: {
  users: Users
  passwords: Passwords
  sessions: Sessions
  invitations: Invitations
  guard: PasswordGuard
  clock: Clock
}) {
  const { users, passwords, sessions, invitations, guard, clock } = deps
  // Two people must not both find a name free.
  const changes = oneAtATime()

  /** Whoever has just opened a link printed on the server can do anything here, so they can also replace a forgotten password. */
  const hasFreshLink = ({ method, createdAt }: Session): boolean =>
    method === 'link' && clock.now().getTime() - createdAt.getTime() < linkMs

  /** Someone else who has the name. */
  function holderOf(name: string, userId: string): KnownUser | undefined {
    const holder = users.find(passwords.ownerOf(name) ?? '') ?? users.named(name)
    return holder?.id === userId ? undefined : holder
  }

  /** @throws CONFLICT */
  function needFree(name: string, userId: string): void {
    const isReserved = [linkAccount.login, machineAccount.login].includes(name)
    if (isReserved || holderOf(name, userId)) throw new AppError('CONFLICT', `The name ${name} is taken. Choose another one`)
  }

  async function needCurrent({ session, ...place }: Asked, current: string | undefined): Promise<void> {
    const name = passwords.nameOf(session.userId)
    if (name === null) return
    const say = (message: string): never => {
      throw invalidInput([{ field: 'current', message }])
    }
    if (!current) return say(`is required to change the password. Without it, open a new sign-in link: ${ownCommand('link')}`)
    const owner = await guard.check({ name, ...place }, () => passwords.verify(name, current))
    if (owner !== session.userId) say('is not your password until now')
  }

  /** The account that gets the password: a person's own, or a new one for someone who came by a link. */
  async function accountFor(name: string, { session }: Asked): Promise<string> {
    const own = users.find(session.userId)
    if (!own) throw new AppError('UNAUTHENTICATED', 'Sign in first')
    const holder = hasFreshLink(session) ? holderOf(name, own.id) : undefined
    if (holder?.provider === machineAccount.provider) needFree(name, own.id)
    if (holder) return holder.id
    if (own.provider !== linkAccount.provider) return own.id
    return (await users.add(name, { role: 'admin', nodeLimit: null })).id
  }

  return {
    /** Whether the session has to give the password until now to change it. */
    needsCurrent: (session: Session): boolean => !hasFreshLink(session) && passwords.nameOf(session.userId) !== null,

    /** @throws CONFLICT */
    needFree,

    /**
     * Sets the name and password of the session's account and ends the account's other sessions. After a sign-in with a link, the
     * session becomes that of the named account.
     *
     * @param input a name and a password that can be
     * @throws INVALID_INPUT for `current`, CONFLICT if the name is taken, RATE_LIMITED after wrong current passwords
     */
    set: (asked: Asked, input: NewPassword): Promise<{ name: string }> =>
      changes(async () => {
        const name = signInName(input.name)
        if (!hasFreshLink(asked.session)) {
          needFree(name, asked.session.userId)
          await needCurrent(asked, input.current)
        }
        const userId = await accountFor(name, asked)
        await passwords.set(userId, { name, password: input.password })
        await users.rename(userId, name)
        if (userId !== asked.session.userId) await sessions.reassign(asked.session.id, userId)
        await sessions.revokeAll(userId, asked.session.id)
        return { name }
      }),

    /**
     * Makes the account of an invited person. Null if the invitation is wrong, expired or already used.
     *
     * @throws INVALID_INPUT, CONFLICT if the name is taken, both with the invitation as it was
     */
    async accept(input: NewPassword, code: string): Promise<Accepted | null> {
      checkNameAndPassword(input)
      // Only who has an invitation learns which names are taken.
      if (!(await invitations.find(code))) return null
      return changes(async () => {
        const name = signInName(input.name)
        needFree(name, '')
        const invitation = await invitations.use(code)
        if (!invitation) return null
        const user = await users.add(name, invitation)
        await passwords.set(user.id, { name, password: input.password })
        return { user, invitation }
      })
    },
  }
}
