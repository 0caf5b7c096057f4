import { computed, toValue } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import { isFoundBy } from '../../utils/shared/found-by.ts'
import type { NodeStatus } from '../../graphql/generated/graphql.ts'
import type { NodeItem } from '../../graphql/items.ts'
import { hasLabels, labelKeysIn, labelsIn } from '../../utils/shared/labels.ts'
import { nodeMarks } from '../../utils/nodes/node-marks.ts'
import type { MarkKey } from '../../utils/nodes/node-marks.ts'
import { nodeOrders, wordsOfNode } from '../../utils/nodes/node-order.ts'
import { sorted } from '../../utils/shared/sorting.ts'
import { useUrlChoices } from '../shared/useUrlChoices.ts'

/** Filters and sorts nodes as the URL says: by words (all must be found), status, marks (any must match) and labels (all must match). */
export function useNodeFilter(nodes: MaybeRefOrGetter<NodeItem[]>) {
  const choices = useUrlChoices()
  const search = choices.typed('search')
  const labels = choices.list('label')
  const statuses = choices.list<NodeStatus>('status')
  const marks = choices.list<MarkKey>('mark')
  const active = computed(() => search.value.trim() !== '' || [labels, statuses, marks].some((each) => each.value.length > 0))

  const sort = choices.text('sort')

  /** Whatever their state: what the counts are of. */
  const matching = computed(() => {
    const isMatch = isFoundBy(search.value)
    return toValue(nodes).filter(
      (node) =>
        isMatch(() => wordsOfNode(node)) &&
        (marks.value.length === 0 || nodeMarks(node).some(({ key }) => marks.value.includes(key))) &&
        hasLabels(node.labels, labels.value),
    )
  })
  const filtered = computed(() => {
    const found = matching.value.filter(({ status }) => statuses.value.length === 0 || statuses.value.includes(status))
    return sorted(found, sort.value, nodeOrders)
  })

  function clear(): void {
    search.value = ''
    labels.value = []
    statuses.value = []
    marks.value = []
  }

  return {
    ...{ search, labels, statuses, marks, active, sort, matching, filtered, clear },
    group: choices.text('group'),
    columns: choices.list('column'),
    page: choices.page,
    known: computed(() => labelsIn(toValue(nodes))),
    keys: computed(() => labelKeysIn(toValue(nodes))),
  }
}
