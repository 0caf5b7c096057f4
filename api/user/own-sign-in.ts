import type { AccessServices } from '../auth/access-services.ts'
import type { Action } from '../auth/action.ts'
import { linkAccount } from '../auth/own-accounts.ts'
import type { Passkey, PasskeyChallenge } from '../auth/passkeys.ts'
import type { NewPassword } from '../auth/password-changes.ts'
import { checkNameAndPassword, nameToWrite } from '../auth/passwords.ts'
import type { Session } from '../auth/sessions.ts'
import { AppError, invalidInput, notFound } from '../errors.ts'
import type { Access } from './access.ts'

export const signInActions = {
  setPassword: { word: 'password.set', permission: 'account.manage' },
  beginSecondFactor: { word: 'second-factor.begin', permission: 'account.manage' },
  confirmSecondFactor: { word: 'second-factor.confirm', permission: 'account.manage' },
  removeSecondFactor: { word: 'second-factor.remove', permission: 'account.manage' },
  beginPasskey: { word: 'passkey.begin', permission: 'account.manage' },
  addPasskey: { word: 'passkey.add', permission: 'account.manage' },
  renamePasskey: { word: 'passkey.rename', permission: 'account.manage' },
  removePasskey: { word: 'passkey.remove', permission: 'account.manage' },
} as const satisfies Record<string, Action>

/** How the caller signs in. */
export interface OwnSignIn {
  /** The name that belongs to the password. Null without a password. */
  name: string | null
  /** Whether changing the password needs the one until now. */
  needsCurrent: boolean
  /** Whether a code of an authenticator app is asked for after the password. */
  secondFactor: boolean
  recoveryCodesLeft: number
  passkeys: Passkey[]
  /** The only origin of the dashboard where passkeys work. Null where they work nowhere. */
  passkeyOrigin: string | null
  /** Why there are no passkeys here. */
  passkeyProblem: string | null
}

const noSession = 'Only a person who signed in with a browser has a way to sign in here'

/** How the caller signs in, and changes to that. */
export function createUserOwnSignIn({ access, services }: { access: Access; services: AccessServices }) {
  const { act, caller } = access
  const { passwords, passwordChanges, passwordGuard, passkeys, secondFactors, sessions, users } = services

  const openSession = (): Session | null => (caller.via === 'session' ? (sessions?.find(caller.credentialId ?? '') ?? null) : null)

  /** @throws FORBIDDEN */
  function ownSession(): Session {
    const session = openSession()
    if (!session) throw new AppError('FORBIDDEN', noSession)
    return session
  }

  /** The caller's account, if it is a person's. @throws CONFLICT */
  function ownAccount(): string {
    const userId = openSession()?.userId
    if (!userId) throw new AppError('CONFLICT', noSession)
    if (users.find(userId)?.provider !== linkAccount.provider) return userId
    throw new AppError('CONFLICT', 'This is the account for sign-in links, which everyone shares. Set a name and a password first')
  }

  function passkeyPlace(): Pick<OwnSignIn, 'passkeyOrigin' | 'passkeyProblem'> {
    const place = passkeys.place()
    return 'problem' in place
      ? { passkeyOrigin: null, passkeyProblem: place.problem }
      : { passkeyOrigin: place.origin, passkeyProblem: null }
  }

  return {
    state(): OwnSignIn {
      access.need('account.manage')
      const session = openSession()
      const userId = session?.userId ?? ''
      return {
        name: passwords.nameOf(userId),
        needsCurrent: session ? (passwordChanges?.needsCurrent(session) ?? false) : false,
        secondFactor: secondFactors.isOn(userId),
        recoveryCodesLeft: secondFactors.recoveryCodesLeft(userId),
        passkeys: passkeys.listOf(userId),
        ...passkeyPlace(),
      }
    },

    /** @param browser see http/browser-secret.ts @throws INVALID_INPUT, CONFLICT, FORBIDDEN, RATE_LIMITED */
    setPassword: (input: NewPassword, browser: string | null): Promise<{ name: string }> =>
      act(signInActions.setPassword, { subject: nameToWrite(input.name) }, async () => {
        checkNameAndPassword(input)
        const session = ownSession()
        if (!passwordChanges) throw new AppError('FORBIDDEN', noSession)
        return passwordChanges.set({ session, address: caller.address, browser }, input)
      }),

    /** The secret for an authenticator app. @throws CONFLICT without a password, or with an app already */
    beginSecondFactor: (): Promise<{ secret: string; uri: string }> =>
      act(signInActions.beginSecondFactor, {}, async () => {
        const userId = ownAccount()
        const name = passwords.nameOf(userId)
        if (name === null) throw new AppError('CONFLICT', 'Set a password first: the code is asked for after it')
        return secondFactors.begin(userId, name)
      }),
    /** @returns recovery codes, shown only now @throws INVALID_INPUT for a wrong code */
    confirmSecondFactor: (code: string): Promise<string[]> =>
      act(signInActions.confirmSecondFactor, {}, async () => secondFactors.confirm(ownAccount(), code)),
    /** @throws INVALID_INPUT for a wrong code, RATE_LIMITED after too many, NOT_FOUND without an app */
    removeSecondFactor: (code: string): Promise<boolean> =>
      act(signInActions.removeSecondFactor, {}, async () => {
        const userId = ownAccount()
        if (!secondFactors.isOn(userId)) throw notFound('authenticator app of', caller.name)
        const place = { name: passwords.nameOf(userId) ?? '', address: caller.address, browser: null }
        if (!(await passwordGuard.checkCode(place, () => secondFactors.use(userId, code))))
          throw invalidInput([{ field: 'code', message: 'is wrong or was used before' }])
        await secondFactors.remove(userId)
        return true
      }),

    beginPasskey: (): Promise<PasskeyChallenge> =>
      act(signInActions.beginPasskey, {}, async () => passkeys.begin(ownAccount(), caller.name)),
    addPasskey: (input: { name: string; state: string; response: string }): Promise<Passkey> =>
      act(signInActions.addPasskey, { subject: input.name }, async () => passkeys.add(ownAccount(), input)),
    renamePasskey: (id: string, name: string): Promise<Passkey> =>
      act(signInActions.renamePasskey, { subject: name }, async () => passkeys.rename(caller.userId ?? '', id, name)),
    removePasskey: (id: string): Promise<string> =>
      act(
        signInActions.removePasskey,
        { subject: passkeys.listOf(caller.userId ?? '').find((each) => each.id === id)?.name ?? null },
        async () => {
          await passkeys.remove(caller.userId ?? '', id)
          return id
        },
      ),
  }
}
