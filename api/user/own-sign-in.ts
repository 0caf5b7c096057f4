import type { AccessServices } from '../auth/access-services.ts'
import type { Action } from '../auth/action.ts'
import type { NewPassword } from '../auth/password-changes.ts'
import { checkNameAndPassword, nameToWrite } from '../auth/passwords.ts'
import type { Session } from '../auth/sessions.ts'
import { AppError } from '../errors.ts'
import type { Access } from './access.ts'

export const signInActions = {
  setPassword: { word: 'password.set', permission: 'account.manage' },
} as const satisfies Record<string, Action>

/** How the caller signs in. */
export interface OwnSignIn {
  /** The name that belongs to the password. Null without a password. */
  name: string | null
  /** Whether changing the password needs the one until now. */
  needsCurrent: boolean
}

const noSession = 'Only a person who signed in with a browser has a password here'

/** How the caller signs in, and changes to that. */
export function createUserOwnSignIn({ access, services }: { access: Access; services: AccessServices }) {
  const { act, caller } = access
  const { passwords, passwordChanges, sessions } = services

  /** @throws FORBIDDEN */
  function ownSession(): Session {
    const session = caller.via === 'session' && caller.credentialId ? sessions?.find(caller.credentialId) : null
    if (!session) throw new AppError('FORBIDDEN', noSession)
    return session
  }

  return {
    state(): OwnSignIn {
      access.need('account.manage')
      const session = caller.via === 'session' ? sessions?.find(caller.credentialId ?? '') : null
      if (!session) return { name: null, needsCurrent: false }
      return { name: passwords.nameOf(session.userId), needsCurrent: passwordChanges?.needsCurrent(session) ?? false }
    },

    /** @param browser see http/browser-secret.ts @throws INVALID_INPUT, CONFLICT, FORBIDDEN, RATE_LIMITED */
    setPassword: (input: NewPassword, browser: string | null): Promise<{ name: string }> =>
      act(signInActions.setPassword, { subject: nameToWrite(input.name) }, async () => {
        checkNameAndPassword(input)
        const session = ownSession()
        if (!passwordChanges) throw new AppError('FORBIDDEN', noSession)
        return passwordChanges.set({ session, address: caller.address, browser }, input)
      }),
  }
}
