import { computed, toValue } from 'vue'
import type { MaybeRefOrGetter, WritableComputedRef } from 'vue'
import type { AppStatus } from '../../graphql/generated/graphql.ts'
import type { AppItem, NodeItem } from '../../graphql/items.ts'
import { appNotes, appOrders, isAppNote, wordsOfApp } from '../../utils/apps/app-order.ts'
import { hasLabels, labelKeysIn, labelsIn } from '../../utils/shared/labels.ts'
import { useListFilter } from '../shared/useListFilter.ts'

/** Filters and sorts apps as the URL says: by node, node labels (all must match), status, notes, and words (all must be found). */
export function useAppFilter(apps: MaybeRefOrGetter<AppItem[]>, nodes: MaybeRefOrGetter<NodeItem[]>) {
  const labelsByNode = computed(() => new Map(toValue(nodes).map((node) => [node.id, node.labels])))
  const labelsOf = (app: AppItem) => labelsByNode.value.get(app.node.id) ?? []
  const { chosen, ...list } = useListFilter(apps, {
    wordsOf: (app) => wordsOfApp(app, labelsOf(app)),
    orders: appOrders,
    filters: {
      node: { keeps: ({ node }, ids) => ids.includes(node.id) },
      label: { keeps: (app, labels) => hasLabels(labelsOf(app), labels) },
      status: { keeps: ({ status }, statuses) => statuses.includes(status), isCounted: true },
      has: { keeps: (app, notes) => notes.filter(isAppNote).some((note) => appNotes[note].has(app)), isCounted: true },
    },
  })

  return {
    ...{ ...list, labelsOf, nodeIds: chosen.node, labels: chosen.label, notes: chosen.has },
    statuses: chosen.status as WritableComputedRef<AppStatus[]>,
    known: computed(() => labelsIn(toValue(nodes))),
    keys: computed(() => labelKeysIn(toValue(nodes))),
  }
}
