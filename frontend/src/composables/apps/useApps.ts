import { computed } from 'vue'
import { appsQuery } from '../../graphql/documents/apps.ts'
import { byName } from '../../utils/shared/format.ts'
import { useLiveList } from '../shared/useLiveList.ts'

/** The apps on every node, live, sorted by name. */
export function useApps() {
  const { state, items, problem, retry } = useLiveList(appsQuery, (data) => data.apps)
  const apps = computed(() => items.value.toSorted((a, b) => byName(a.name, b.name)))
  return { state, apps, problem, retry }
}
