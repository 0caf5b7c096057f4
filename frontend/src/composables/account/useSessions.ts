import { computed, ref } from 'vue'
import { revokeSession, sessionsQuery } from '../../graphql/documents/account.ts'
import type { SessionItem } from '../../graphql/items.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { useMutate } from '../shared/useMutate.ts'
import { useResultToasts } from '../shared/useResultToasts.ts'

/** The browsers where the viewer is signed in. */
export function useSessions() {
  const { state, data, problem, retry } = useLiveQuery(sessionsQuery, {})
  const mutate = useMutate()
  const { failed } = useResultToasts()
  /** Ids of sessions being revoked. */
  const ending = ref(new Set<string>())

  async function revoke({ id }: SessionItem): Promise<void> {
    ending.value.add(id)
    const result = await mutate(revokeSession, { id })
    ending.value.delete(id)
    if (!result.ok) failed({ title: 'The session could not be revoked', description: result.problem.message })
  }

  return { state, sessions: computed(() => data.value?.sessions ?? []), problem, retry, ending, revoke }
}
