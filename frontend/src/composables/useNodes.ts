import { computed } from 'vue'
import type { NodeFieldsFragment } from '../graphql/generated/graphql.ts'
import { nodesQuery } from '../graphql/nodes.ts'
import { useLivePages } from './useLivePages.ts'

export type NodeItem = NodeFieldsFragment

/** Every node of the cluster, live: the primary first, then by name. */
export function useNodes() {
  const { state, items, problem, retry } = useLivePages(nodesQuery, (data) => data.nodes)
  const nodes = computed(() =>
    items.value.toSorted((a, b) => Number(b.isPrimary) - Number(a.isPrimary) || a.name.localeCompare(b.name, undefined, { numeric: true })),
  )
  return { state, nodes, problem, retry }
}
