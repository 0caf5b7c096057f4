import { computed, toValue } from 'vue'
import type { MaybeRefOrGetter, WritableComputedRef } from 'vue'
import type { NodeStatus } from '../../graphql/generated/graphql.ts'
import type { NodeItem } from '../../graphql/items.ts'
import { hasLabels, labelKeysIn, labelsIn } from '../../utils/shared/labels.ts'
import { nodeMarks } from '../../utils/nodes/node-marks.ts'
import type { MarkKey } from '../../utils/nodes/node-marks.ts'
import { nodeOrders, wordsOfNode } from '../../utils/nodes/node-order.ts'
import { useListFilter } from '../shared/useListFilter.ts'

/** Filters and sorts nodes as the URL says: by words (all must be found), status, marks (any must match) and labels (all must match). */
export function useNodeFilter(nodes: MaybeRefOrGetter<NodeItem[]>) {
  const { chosen, ...list } = useListFilter(nodes, {
    wordsOf: wordsOfNode,
    orders: nodeOrders,
    filters: {
      label: { keeps: (node, labels) => hasLabels(node.labels, labels) },
      mark: { keeps: (node, marks) => nodeMarks(node).some(({ key }) => marks.includes(key)) },
      status: { keeps: ({ status }, statuses) => statuses.includes(status), isCounted: true },
    },
  })

  return {
    ...{ ...list, labels: chosen.label },
    statuses: chosen.status as WritableComputedRef<NodeStatus[]>,
    marks: chosen.mark as WritableComputedRef<MarkKey[]>,
    known: computed(() => labelsIn(toValue(nodes))),
    keys: computed(() => labelKeysIn(toValue(nodes))),
  }
}
