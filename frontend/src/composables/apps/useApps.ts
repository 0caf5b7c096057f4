import { computed } from 'vue'
import { appsQuery } from '../../graphql/documents/apps.ts'
import type { AppFieldsFragment } from '../../graphql/generated/graphql.ts'
import { byName } from '../../utils/shared/format.ts'
import { useLiveList } from '../shared/useLiveList.ts'

export type AppItem = AppFieldsFragment
export type ContainerItem = AppItem['containers'][number]

/** The apps on every node, live, sorted by name. */
export function useApps() {
  const { state, items, problem, retry } = useLiveList(appsQuery, (data) => data.apps)
  const apps = computed(() => items.value.toSorted((a, b) => byName(a.name, b.name)))
  return { state, apps, problem, retry }
}
