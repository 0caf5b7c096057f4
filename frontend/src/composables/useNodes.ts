import { computed } from 'vue'
import type { NodeFieldsFragment } from '../graphql/generated/graphql.ts'
import { nodesQuery } from '../graphql/nodes.ts'
import { byName } from '../utils/format.ts'
import { useLivePages } from './useLivePages.ts'

export type NodeItem = NodeFieldsFragment

/** Every node in the cluster, live: the primary first, then by name. */
export function useNodes() {
  const { state, items, problem, retry } = useLivePages(nodesQuery, (data) => data.nodes)
  const nodes = computed(() => items.value.toSorted((a, b) => Number(b.isPrimary) - Number(a.isPrimary) || byName(a.name, b.name)))
  return { state, nodes, problem, retry }
}
