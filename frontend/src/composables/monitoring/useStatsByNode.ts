import { computed } from 'vue'
import { systemStatsQuery } from '../../graphql/documents/monitoring.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'

/** Every node's latest stats, by node id. */
export function useStatsByNode() {
  const { state, data, problem, retry } = useLiveQuery(systemStatsQuery, {})
  const statsOf = computed(() => new Map(data.value?.systemStats.map((stats) => [stats.nodeId, stats])))
  return { state, statsOf, problem, retry }
}
