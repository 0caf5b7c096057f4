import { computed, toValue } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import type { AppStatus } from '../../graphql/generated/graphql.ts'
import type { AppItem, NodeItem } from '../../graphql/items.ts'
import { hasLabels, labelKeysIn, labelsIn } from '../../utils/shared/labels.ts'
import { useUrlChoices } from '../shared/useUrlChoices.ts'

/** Filters apps by node, node labels (all must match), status, and text in the name or description. */
export function useAppFilter(apps: MaybeRefOrGetter<AppItem[]>, nodes: MaybeRefOrGetter<NodeItem[]>) {
  const choices = useUrlChoices()
  const search = choices.text('search')
  const nodeIds = choices.list('node')
  const statuses = choices.list<AppStatus>('status')
  const labels = choices.list('label')
  const group = choices.text('group')
  const active = computed(() => search.value.trim() !== '' || [nodeIds, statuses, labels].some((each) => each.value.length > 0))

  const labelsByNode = computed(() => new Map(toValue(nodes).map((node) => [node.id, node.labels])))
  const labelsOf = (app: AppItem) => labelsByNode.value.get(app.node.id) ?? []

  const filtered = computed(() => {
    const words = search.value.trim().toLowerCase()
    return toValue(apps).filter(
      (app) =>
        (nodeIds.value.length === 0 || nodeIds.value.includes(app.node.id)) &&
        (statuses.value.length === 0 || statuses.value.includes(app.status)) &&
        hasLabels(labelsOf(app), labels.value) &&
        (words === '' || `${app.name} ${app.description ?? ''}`.toLowerCase().includes(words)),
    )
  })

  function clear(): void {
    search.value = ''
    nodeIds.value = []
    statuses.value = []
    labels.value = []
  }

  return {
    search,
    nodeIds,
    statuses,
    labels,
    group,
    active,
    filtered,
    clear,
    labelsOf,
    known: computed(() => labelsIn(toValue(nodes))),
    keys: computed(() => labelKeysIn(toValue(nodes))),
  }
}
