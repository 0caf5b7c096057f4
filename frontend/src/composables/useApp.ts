import { computed, watch } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import { toValue } from 'vue'
import { appQuery } from '../graphql/apps.ts'
import type { AppQuery } from '../graphql/generated/graphql.ts'
import { useLiveQuery } from './useLiveQuery.ts'
import { useOperations } from './useOperations.ts'

export type AppDetail = NonNullable<AppQuery['app']>

/** One app with its Compose file and recent operations, live; 'missing' when there is none with this id (any more). */
export function useApp(id: MaybeRefOrGetter<string>) {
  const { state: load, data, problem, retry } = useLiveQuery(appQuery, () => ({ id: toValue(id) }))
  const { follow } = useOperations()
  const app = computed(() => data.value?.app ?? undefined)
  const state = computed(() => (load.value === 'ready' && !app.value ? 'missing' : load.value))

  // Changes of an app arrive without its Compose file and operations; a new status or version means that those may be new as well.
  watch(
    () => app.value && `${app.value.status} ${app.value.version} ${app.value.updatedAt}`,
    (now, before) => {
      if (now && before) retry()
    },
  )
  watch(
    () => app.value?.operations ?? [],
    (operations) => operations.forEach(follow),
    { immediate: true },
  )

  return { state, app, problem, retry }
}
