import { computed, toValue } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import { isFoundBy } from '../../utils/shared/found-by.ts'
import type { AppStatus } from '../../graphql/generated/graphql.ts'
import type { AppItem, NodeItem } from '../../graphql/items.ts'
import { appNotes, appOrders, isAppNote, wordsOfApp } from '../../utils/apps/app-order.ts'
import { hasLabels, labelKeysIn, labelsIn } from '../../utils/shared/labels.ts'
import { sorted } from '../../utils/shared/sorting.ts'
import { useUrlChoices } from '../shared/useUrlChoices.ts'

/** Filters and sorts apps as the URL says: by node, node labels (all must match), status, notes, and words (all must be found). */
export function useAppFilter(apps: MaybeRefOrGetter<AppItem[]>, nodes: MaybeRefOrGetter<NodeItem[]>) {
  const choices = useUrlChoices()
  const search = choices.typed('search')
  const nodeIds = choices.list('node')
  const statuses = choices.list<AppStatus>('status')
  const notes = choices.list('has')
  const labels = choices.list('label')
  const active = computed(() => search.value.trim() !== '' || [nodeIds, statuses, notes, labels].some((each) => each.value.length > 0))
  const sort = choices.text('sort')

  const labelsByNode = computed(() => new Map(toValue(nodes).map((node) => [node.id, node.labels])))
  const labelsOf = (app: AppItem) => labelsByNode.value.get(app.node.id) ?? []

  /** Whatever their state: what the counts are of. */
  const matching = computed(() => {
    const isMatch = isFoundBy(search.value)
    return toValue(apps).filter(
      (app) =>
        (nodeIds.value.length === 0 || nodeIds.value.includes(app.node.id)) &&
        hasLabels(labelsOf(app), labels.value) &&
        isMatch(() => wordsOfApp(app, labelsOf(app))),
    )
  })
  const filtered = computed(() => {
    const wanted = notes.value.filter(isAppNote)
    const found = matching.value.filter(
      (app) =>
        (statuses.value.length === 0 || statuses.value.includes(app.status)) &&
        (wanted.length === 0 || wanted.some((note) => appNotes[note].has(app))),
    )
    return sorted(found, sort.value, appOrders)
  })

  function clear(): void {
    search.value = ''
    for (const each of [nodeIds, statuses, notes, labels]) each.value = []
  }

  return {
    ...{ search, nodeIds, statuses, notes, labels, active, sort, matching, filtered, clear, labelsOf },
    ...{ group: choices.text('group'), columns: choices.list('column'), page: choices.page },
    known: computed(() => labelsIn(toValue(nodes))),
    keys: computed(() => labelKeysIn(toValue(nodes))),
  }
}
