import { computed, ref, toValue } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import type { AppStatus } from '../graphql/generated/graphql.ts'
import type { AppItem } from './useApps.ts'

/** Narrows a list of apps by node, status and words of the name or description. */
export function useAppFilter(apps: MaybeRefOrGetter<AppItem[]>) {
  const search = ref('')
  const nodeIds = ref<string[]>([])
  const statuses = ref<AppStatus[]>([])
  const active = computed(() => search.value.trim() !== '' || nodeIds.value.length > 0 || statuses.value.length > 0)

  const filtered = computed(() => {
    const words = search.value.trim().toLowerCase()
    return toValue(apps).filter(
      (app) =>
        (nodeIds.value.length === 0 || nodeIds.value.includes(app.node.id)) &&
        (statuses.value.length === 0 || statuses.value.includes(app.status)) &&
        (words === '' || `${app.name} ${app.description ?? ''}`.toLowerCase().includes(words)),
    )
  })

  function clear(): void {
    search.value = ''
    nodeIds.value = []
    statuses.value = []
  }

  return { search, nodeIds, statuses, active, filtered, clear }
}
