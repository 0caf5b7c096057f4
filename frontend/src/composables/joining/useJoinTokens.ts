import { useToast } from '@nuxt/ui/composables'
import { computed } from 'vue'
import type { CreateJoinTokenInput, CreateJoinTokenMutation, JoinTokenFieldsFragment } from '../../graphql/generated/graphql.ts'
import { createJoinToken, joinTokensQuery, revokeJoinToken } from '../../graphql/documents/joining.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { useMutate } from '../shared/useMutate.ts'
import type { Outcome } from '../shared/useMutate.ts'

export type JoinTokenItem = JoinTokenFieldsFragment
export type NewJoinToken = CreateJoinTokenMutation['createJoinToken']

/** The tokens that let new nodes join, newest first. */
export function useJoinTokens() {
  const { state, data, problem, retry } = useLiveQuery(joinTokensQuery, {})
  const mutate = useMutate()
  const toast = useToast()

  async function create(input: CreateJoinTokenInput): Promise<Outcome<NewJoinToken>> {
    const result = await mutate(createJoinToken, { input })
    return result.ok ? { ok: true, data: result.data.createJoinToken } : result
  }

  async function revoke({ id, name }: JoinTokenItem): Promise<Problem | undefined> {
    const result = await mutate(revokeJoinToken, { id })
    if (!result.ok) return result.problem
    toast.add({
      title: `${name} revoked`,
      description: 'Nodes that already joined with it stay.',
      color: 'success',
      icon: 'i-lucide-check',
    })
    return undefined
  }

  return { state, tokens: computed(() => data.value?.joinTokens ?? []), problem, retry, create, revoke }
}
