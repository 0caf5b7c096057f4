import { computed, ref, toValue } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import { byName } from '../utils/format.ts'
import { labelText } from '../utils/labels.ts'
import type { NodeItem } from './useNodes.ts'

/** Narrows a list of nodes by words of the name or endpoint and by labels, all of which a node must have. */
export function useNodeFilter(nodes: MaybeRefOrGetter<NodeItem[]>) {
  const search = ref('')
  const labels = ref<string[]>([])
  const active = computed(() => search.value.trim() !== '' || labels.value.length > 0)

  const known = computed(() => [...new Set(toValue(nodes).flatMap((node) => node.labels.map(labelText)))].sort(byName))
  const filtered = computed(() => {
    const words = search.value.trim().toLowerCase()
    return toValue(nodes).filter(
      (node) =>
        (words === '' || `${node.name} ${node.apiEndpoint}`.toLowerCase().includes(words)) &&
        labels.value.every((wanted) => node.labels.some((label) => labelText(label) === wanted)),
    )
  })

  function clear(): void {
    search.value = ''
    labels.value = []
  }

  return { search, labels, known, active, filtered, clear }
}
