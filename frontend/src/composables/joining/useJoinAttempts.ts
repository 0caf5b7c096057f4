import { computed } from 'vue'
import { joinAttempted, joinAttemptsQuery } from '../../graphql/documents/joining.ts'
import { useEvents } from '../shared/useEvents.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'

/** Recent attempts to join, live, newest first. Each new one makes the cache load the attempts and the tokens again. */
export function useJoinAttempts() {
  const { state, data, problem, retry } = useLiveQuery(joinAttemptsQuery, {})
  useEvents(joinAttempted, {})
  return { state, attempts: computed(() => data.value?.joinAttempts ?? []), problem, retry }
}
