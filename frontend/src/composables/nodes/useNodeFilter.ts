import { computed, toValue } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import type { NodeStatus } from '../../graphql/generated/graphql.ts'
import type { NodeItem } from '../../graphql/items.ts'
import { hasLabels, labelKeysIn, labelsIn } from '../../utils/shared/labels.ts'
import { nodeMarks } from '../../utils/nodes/node-marks.ts'
import type { MarkKey } from '../../utils/nodes/node-marks.ts'
import { useUrlChoices } from '../shared/useUrlChoices.ts'

/** Filters nodes by text in the name or endpoint, status, marks (any must match) and labels (all must match). */
export function useNodeFilter(nodes: MaybeRefOrGetter<NodeItem[]>) {
  const choices = useUrlChoices()
  const search = choices.text('search')
  const labels = choices.list('label')
  const statuses = choices.list<NodeStatus>('status')
  const marks = choices.list<MarkKey>('mark')
  const group = choices.text('group')
  const active = computed(() => search.value.trim() !== '' || [labels, statuses, marks].some((each) => each.value.length > 0))

  const filtered = computed(() => {
    const words = search.value.trim().toLowerCase()
    return toValue(nodes).filter(
      (node) =>
        (words === '' || `${node.name} ${node.apiEndpoint}`.toLowerCase().includes(words)) &&
        (statuses.value.length === 0 || statuses.value.includes(node.status)) &&
        (marks.value.length === 0 || nodeMarks(node).some(({ key }) => marks.value.includes(key))) &&
        hasLabels(node.labels, labels.value),
    )
  })

  function clear(): void {
    search.value = ''
    labels.value = []
    statuses.value = []
    marks.value = []
  }

  return {
    search,
    labels,
    statuses,
    marks,
    group,
    active,
    filtered,
    clear,
    known: computed(() => labelsIn(toValue(nodes))),
    keys: computed(() => labelKeysIn(toValue(nodes))),
  }
}
