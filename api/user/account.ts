import type { AccessServices } from '../auth/access-services.ts'
import type { ApiToken } from '../auth/api-tokens.ts'
import { isAdministrator, may, mayOwnTokens } from '../auth/caller.ts'
import { leastRole, primaryOnly, type Permission, type Role } from '../auth/permissions.ts'
import type { Session } from '../auth/sessions.ts'
import { notFound } from '../errors.ts'
import type { Access } from './access.ts'
import type { Action, Named } from '../auth/action.ts'

export const accountActions = {
  revokeSession: { word: 'session.revoke', permission: 'account.manage' },
  signOutEverywhere: { word: 'session.revoke-all', permission: 'account.manage' },
  createApiToken: { word: 'token.create', permission: 'account.manage' },
  revokeApiToken: { word: 'token.revoke', permission: 'account.manage' },
} as const satisfies Record<string, Action>

/** The caller's own permissions, sessions and tokens. */
export function createUserAccount({ access, services, isPrimary }: { access: Access; services: AccessServices; isPrimary: boolean }) {
  const { act, caller, deny } = access
  const { sessions, tokens } = services

  async function needTokens(action: Action, named: Named): Promise<void> {
    if (!mayOwnTokens(caller)) await deny(action, named, 'Only people who sign in to this server, and its administrators, can have tokens')
  }

  /** The accounts whose tokens the caller can see and revoke. */
  const tokenOwners = (): string[] => [...new Set([caller.userId ?? [], isAdministrator(caller) ? services.machineId() : []].flat())]

  return {
    /** What the caller can do on this server. */
    permissions: (): Permission[] =>
      (Object.keys(leastRole) as Permission[]).filter(
        (permission) => may(caller, permission) && (isPrimary || !primaryOnly.has(permission)),
      ),

    sessions: (): Session[] => (caller.userId ? (sessions?.listOf(caller.userId) ?? []) : []),
    revokeSession: (id: string): Promise<string> =>
      act(accountActions.revokeSession, { subject: id.slice(0, 8) }, async () => {
        if (!sessions || !caller.userId) throw notFound('session', id)
        await sessions.revoke(caller.userId, id)
        return id
      }),
    signOutEverywhere: (): Promise<boolean> =>
      act(accountActions.signOutEverywhere, {}, async () => {
        if (caller.userId) await sessions?.revokeAll(caller.userId)
        return true
      }),

    /** The caller's own tokens, followed by the machine account's tokens if the caller is an administrator. */
    tokens: async (): Promise<ApiToken[]> => (await Promise.all(tokenOwners().map(tokens.listOf))).flat(),
    ownerOf: ({ userId }: ApiToken): string => services.users.find(userId ?? '')?.login ?? '',
    async createToken(input: { name: string; scope: Role; expiresInDays: number }): Promise<{ token: ApiToken; secret: string }> {
      const named = { subject: `${input.name} (${input.scope})` }
      await needTokens(accountActions.createApiToken, named)
      const owner = { userId: caller.userId ?? services.machineId(), role: caller.role }
      return act(accountActions.createApiToken, named, () => tokens.create(owner, input))
    },
    async revokeToken(id: string): Promise<string> {
      await needTokens(accountActions.revokeApiToken, { id })
      return act(accountActions.revokeApiToken, { id }, async () => {
        await tokens.revoke(tokenOwners(), id)
        return id
      })
    },
  }
}
