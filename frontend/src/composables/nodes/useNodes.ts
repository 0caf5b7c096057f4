import { computed } from 'vue'
import type { NodeFieldsFragment } from '../../graphql/generated/graphql.ts'
import { nodesQuery } from '../../graphql/documents/nodes.ts'
import { byName } from '../../utils/shared/format.ts'
import { useLiveList } from '../shared/useLiveList.ts'

export type NodeItem = NodeFieldsFragment

/** Every node in the cluster, live: the primary first, then by name. */
export function useNodes() {
  const { state, items, problem, retry } = useLiveList(nodesQuery, (data) => data.nodes)
  const nodes = computed(() => items.value.toSorted((a, b) => Number(b.isPrimary) - Number(a.isPrimary) || byName(a.name, b.name)))
  return { state, nodes, problem, retry }
}
