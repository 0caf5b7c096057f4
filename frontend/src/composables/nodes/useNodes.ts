import { computed } from 'vue'
import { nodesQuery } from '../../graphql/documents/nodes.ts'
import { byName } from '../../utils/shared/format.ts'
import { useLiveList } from '../shared/useLiveList.ts'

/** Every node in the cluster, live: the primary first, then by name. */
export function useNodes() {
  const { state, items, problem, retry } = useLiveList(nodesQuery, (data) => data.nodes)
  const nodes = computed(() => items.value.toSorted((a, b) => Number(b.isPrimary) - Number(a.isPrimary) || byName(a.name, b.name)))
  return { state, nodes, problem, retry }
}
