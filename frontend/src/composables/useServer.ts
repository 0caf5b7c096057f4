import { computed } from 'vue'
import { serverQuery } from '../graphql/server.ts'
import { useLiveQuery } from './useLiveQuery.ts'

/** Which server this is, and who may reach it. */
export function useServer() {
  const { state, data, problem, retry } = useLiveQuery(serverQuery, {})
  return {
    state,
    problem,
    retry,
    server: computed(() => data.value?.server),
    viewer: computed(() => data.value?.viewer ?? undefined),
  }
}
