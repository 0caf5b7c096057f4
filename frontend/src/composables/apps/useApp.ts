import { computed, watch } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import { toValue } from 'vue'
import { appQuery } from '../../graphql/documents/apps.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { useOperations } from '../operations/useOperations.ts'

/** One app with its Compose file and recent operations, live. 'missing' if no app has this id. */
export function useApp(id: MaybeRefOrGetter<string>) {
  const { state: load, data, problem, retry } = useLiveQuery(appQuery, () => ({ id: toValue(id) }))
  const { follow } = useOperations()
  const app = computed(() => data.value?.app ?? undefined)
  const state = computed(() => (load.value === 'ready' && !app.value ? 'missing' : load.value))

  // Events about an app come without its Compose file and operations. A new status or version means those may have changed too.
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
