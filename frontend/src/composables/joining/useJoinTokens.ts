import { computed } from 'vue'
import type { CreateJoinTokenInput } from '../../graphql/generated/graphql.ts'
import { createJoinToken, joinTokensQuery, revokeJoinToken } from '../../graphql/documents/joining.ts'
import type { JoinTokenItem, NewJoinToken } from '../../graphql/items.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { picked, useMutate } from '../shared/useMutate.ts'
import type { Outcome } from '../shared/useMutate.ts'
import { useResultToasts } from '../shared/useResultToasts.ts'

/** The tokens that let new nodes join, newest first. */
export function useJoinTokens() {
  const { state, data, problem, retry } = useLiveQuery(joinTokensQuery, {})
  const mutate = useMutate()
  const { refusalOf } = useResultToasts()

  async function create(input: CreateJoinTokenInput): Promise<Outcome<NewJoinToken>> {
    return picked(await mutate(createJoinToken, { input }), (data) => data.createJoinToken)
  }

  async function revoke({ id, name }: JoinTokenItem): Promise<Problem | undefined> {
    return refusalOf(await mutate(revokeJoinToken, { id }), {
      title: `${name} revoked`,
      description: 'Nodes that already joined with it stay.',
    })
  }

  return { state, tokens: computed(() => data.value?.joinTokens ?? []), problem, retry, create, revoke }
}
