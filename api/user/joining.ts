import type { JoinAttempt, JoinAttempts } from '../cluster/joining/join-attempts.ts'
import type { CreateJoinTokenInput, JoinToken, JoinTokens, JoinTokenState, NewJoinToken } from '../cluster/joining/join-tokens.ts'
import type { Access } from './access.ts'
import type { Action } from '../auth/action.ts'

export const joiningActions = {
  createJoinToken: { word: 'join-token.create', permission: 'node.change' },
  revokeJoinToken: { word: 'join-token.revoke', permission: 'node.change' },
} as const satisfies Record<string, Action>

/** Join tokens and join attempts, for callers who can admit nodes. */
export function createUserJoining(deps: { access: Access; tokens: JoinTokens; attempts: JoinAttempts }) {
  const { access, tokens, attempts } = deps
  return {
    /** @throws FORBIDDEN */
    tokens(): JoinToken[] {
      access.need('node.change')
      return tokens.list()
    },
    stateOf: (token: JoinToken): JoinTokenState => tokens.stateOf(token),
    lastAttemptWith: ({ id }: JoinToken): JoinAttempt | null => attempts.lastOf(id),
    /** @throws FORBIDDEN */
    attempts(): JoinAttempt[] {
      access.need('node.change')
      return attempts.list()
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
      access.act(joiningActions.createJoinToken, { subject: input.name }, () => tokens.create(input, access.caller.name)),
    revokeToken: (id: string): Promise<string> =>
      access.act(joiningActions.revokeJoinToken, { subject: tokens.nameOf(id) ?? id }, async () => {
        await tokens.revoke(id)
        return id
      }),
  }
}
