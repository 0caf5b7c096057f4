import { computed } from 'vue'
import { apiTokensQuery, createApiToken, revokeApiToken } from '../../graphql/documents/account.ts'
import type { CreateApiTokenInput } from '../../graphql/generated/graphql.ts'
import type { ApiTokenItem, CreatedApiToken } from '../../graphql/items.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { picked, useMutate } from '../shared/useMutate.ts'
import type { Outcome } from '../shared/useMutate.ts'
import { useResultToasts } from '../shared/useResultToasts.ts'

/** The viewer's API tokens. */
export function useApiTokens() {
  const { state, data, problem, retry } = useLiveQuery(apiTokensQuery, {})
  const mutate = useMutate()
  const { refusalOf } = useResultToasts()

  async function create(input: CreateApiTokenInput): Promise<Outcome<CreatedApiToken>> {
    return picked(await mutate(createApiToken, { input }), (data) => data.createApiToken)
  }

  async function revoke({ id, name }: ApiTokenItem): Promise<Problem | undefined> {
    return refusalOf(await mutate(revokeApiToken, { id }), { title: `${name} revoked` })
  }

  return { state, tokens: computed(() => data.value?.apiTokens ?? []), problem, retry, create, revoke }
}
