import { computed, watch } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import { toValue } from 'vue'
import { appQuery, appsQuery } from '../../graphql/documents/apps.ts'
import type { AppItem } from '../../graphql/items.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { useOperations } from '../operations/useOperations.ts'

/** One app with its Compose file and recent operations, live. 'missing' if no app has this id. */
export function useApp(id: MaybeRefOrGetter<string>) {
  const { state: load, data, problem, retry } = useLiveQuery(appQuery, () => ({ id: toValue(id) }))
  const { follow } = useOperations()
  const { client } = useServerConnection()
  const app = computed(() => data.value?.app ?? undefined)
  /** What the list of apps knew of it, for when nothing else can be had. */
  const listed = computed<AppItem | undefined>(() =>
    load.value === 'failed'
      ? client.readQuery(appsQuery, { first: 500, after: null })?.data?.apps.nodes.find((each) => each.id === toValue(id))
      : undefined,
  )
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

  return { state, app, listed, problem, retry }
}
