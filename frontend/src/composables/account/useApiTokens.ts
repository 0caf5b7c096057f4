import { computed } from 'vue'
import { apiTokensQuery, createApiToken, revokeApiToken } from '../../graphql/documents/account.ts'
import type { CreateApiTokenInput } from '../../graphql/generated/graphql.ts'
import type { ApiTokenItem, CreatedApiToken } from '../../graphql/items.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { picked, refusalIn, useMutate } from '../shared/useMutate.ts'
import type { Outcome } from '../shared/useMutate.ts'

/** The viewer's API tokens. */
export function useApiTokens() {
  const { state, data, problem, retry } = useLiveQuery(apiTokensQuery, {})
  const mutate = useMutate()

  async function create(input: CreateApiTokenInput): Promise<Outcome<CreatedApiToken>> {
    return picked(await mutate(createApiToken, { input }), (data) => data.createApiToken)
  }

  async function revoke({ id }: ApiTokenItem): Promise<Problem | undefined> {
    return refusalIn(await mutate(revokeApiToken, { id }))
  }

  return { state, tokens: computed(() => data.value?.apiTokens ?? []), problem, retry, create, revoke }
}
