import type { KnownUser, Users } from '../auth/users.ts'
import type { Access } from './access.ts'
import type { Action } from '../auth/action.ts'

export const userActions = {
  removeUser: { word: 'user.remove', permission: 'users.manage' },
} as const satisfies Record<string, Action>

/** The people who can sign in, for callers who manage them. */
export function createUserUsers({ access, users }: { access: Access; users: Users }) {
  return {
    /** @throws FORBIDDEN */
    list(): KnownUser[] {
      access.need('users.manage')
      return users.list()
    },
    remove: (id: string): Promise<string> =>
      access.act(userActions.removeUser, { subject: users.find(id)?.login ?? id }, async () => {
        await users.remove(id)
        return id
      }),
  }
}
