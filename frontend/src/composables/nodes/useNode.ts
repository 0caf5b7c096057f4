import { computed, toValue } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import { nodeQuery } from '../../graphql/documents/nodes.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'

/** One node, live. 'missing' if no node has this id. */
export function useNode(id: MaybeRefOrGetter<string>) {
  const { state: load, data, problem, retry } = useLiveQuery(nodeQuery, () => ({ id: toValue(id) }))
  const node = computed(() => data.value?.node ?? undefined)
  const state = computed(() => (load.value === 'ready' && !node.value ? 'missing' : load.value))
  return { state, node, problem, retry }
}
