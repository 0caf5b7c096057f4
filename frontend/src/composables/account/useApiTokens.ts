import { useToast } from '@nuxt/ui/composables'
import { computed } from 'vue'
import { apiTokensQuery, createApiToken, revokeApiToken } from '../../graphql/documents/account.ts'
import type { ApiTokensQuery, CreateApiTokenInput, CreateApiTokenMutation } from '../../graphql/generated/graphql.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { useMutate } from '../shared/useMutate.ts'
import type { Outcome } from '../shared/useMutate.ts'

export type ApiTokenItem = ApiTokensQuery['apiTokens'][number]
export type CreatedApiToken = CreateApiTokenMutation['createApiToken']

/** The viewer's API tokens. */
export function useApiTokens() {
  const { state, data, problem, retry } = useLiveQuery(apiTokensQuery, {})
  const mutate = useMutate()
  const toast = useToast()

  async function create(input: CreateApiTokenInput): Promise<Outcome<CreatedApiToken>> {
    const result = await mutate(createApiToken, { input })
    return result.ok ? { ok: true, data: result.data.createApiToken } : result
  }

  async function revoke({ id, name }: ApiTokenItem): Promise<Problem | undefined> {
    const result = await mutate(revokeApiToken, { id })
    if (!result.ok) return result.problem
    toast.add({ title: `${name} revoked`, color: 'success', icon: 'i-lucide-check' })
    return undefined
  }

  return { state, tokens: computed(() => data.value?.apiTokens ?? []), problem, retry, create, revoke }
}
