import { useToast } from '@nuxt/ui/composables'
import { computed, ref } from 'vue'
import { revokeSession, sessionsQuery } from '../../graphql/documents/account.ts'
import type { SessionsQuery } from '../../graphql/generated/graphql.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { useMutate } from '../shared/useMutate.ts'

export type SessionItem = SessionsQuery['sessions'][number]

/** The browsers where the viewer is signed in. */
export function useSessions() {
  const { state, data, problem, retry } = useLiveQuery(sessionsQuery, {})
  const mutate = useMutate()
  const toast = useToast()
  /** Ids of sessions being revoked. */
  const ending = ref(new Set<string>())

  async function revoke({ id }: SessionItem): Promise<void> {
    ending.value.add(id)
    const result = await mutate(revokeSession, { id })
    ending.value.delete(id)
    if (result.ok) toast.add({ title: 'Session revoked', color: 'success', icon: 'i-lucide-check' })
    else
      toast.add({
        title: 'The session could not be revoked',
        description: result.problem.message,
        color: 'error',
        icon: 'i-lucide-circle-x',
      })
  }

  return { state, sessions: computed(() => data.value?.sessions ?? []), problem, retry, ending, revoke }
}
