import { computed } from 'vue'
import type { CreateJoinTokenInput } from '../../graphql/generated/graphql.ts'
import { createJoinToken, joinTokensQuery, revokeJoinToken } from '../../graphql/documents/joining.ts'
import type { JoinTokenItem, NewJoinToken } from '../../graphql/items.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { picked, refusalIn, useMutate } from '../shared/useMutate.ts'
import type { Outcome } from '../shared/useMutate.ts'

/** The tokens that let new nodes join, newest first. */
export function useJoinTokens() {
  const { state, data, problem, retry } = useLiveQuery(joinTokensQuery, {})
  const mutate = useMutate()

  async function create(input: CreateJoinTokenInput): Promise<Outcome<NewJoinToken>> {
    return picked(await mutate(createJoinToken, { input }), (data) => data.createJoinToken)
  }

  async function revoke({ id }: JoinTokenItem): Promise<Problem | undefined> {
    return refusalIn(await mutate(revokeJoinToken, { id }))
  }

  return { state, tokens: computed(() => data.value?.joinTokens ?? []), problem, retry, create, revoke }
}
