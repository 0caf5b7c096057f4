import type { JoinAttempt, JoinAttempts } from '../cluster/joining/join-attempts.ts'
import type { CreateJoinTokenInput, JoinToken, JoinTokens, JoinTokenState, NewJoinToken } from '../cluster/joining/join-tokens.ts'
import type { Access } from './access.ts'
import type { Action } from './action.ts'

export const joiningActions = {
  createJoinToken: { word: 'join-token.create', permission: 'node.change' },
  revokeJoinToken: { word: 'join-token.revoke', permission: 'node.change' },
} as const satisfies Record<string, Action>

/** How new nodes get in, for callers who can let them in. */
export function createUserJoining(deps: { access: Access; joinTokens: JoinTokens; joinAttempts: JoinAttempts }) {
  const { access, joinTokens, joinAttempts } = deps
  return {
    /** @throws FORBIDDEN */
    tokens(): JoinToken[] {
      access.need('node.change')
      return joinTokens.list()
    },
    stateOf: (token: JoinToken): JoinTokenState => joinTokens.stateOf(token),
    lastAttemptWith: ({ id }: JoinToken): JoinAttempt | null => joinAttempts.lastOf(id),
    /** @throws FORBIDDEN */
    attempts(): JoinAttempt[] {
      access.need('node.change')
      return joinAttempts.list()
    },
    /** Each attempt as it happens. @throws FORBIDDEN */
    watchAttempts() {
      access.need('node.change')
      return access.watch('joinAttempt', {
        seen: (attempt) => attempt,
        // A slow reader only gets the newest attempt of each kind, so no backlog builds up.
        keyOf: ({ tokenId, nodeId, hop }: JoinAttempt) => `${tokenId} ${nodeId} ${hop}`,
      })
    },
    createToken: (input: CreateJoinTokenInput): Promise<NewJoinToken> =>
      access.act(joiningActions.createJoinToken, { subject: input.name }, () => joinTokens.create(input, access.caller.name)),
    revokeToken: (id: string): Promise<string> =>
      access.act(joiningActions.revokeJoinToken, { subject: joinTokens.nameOf(id) ?? id }, async () => {
        await joinTokens.revoke(id)
        return id
      }),
  }
}
