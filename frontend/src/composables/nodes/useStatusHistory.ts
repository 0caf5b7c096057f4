import { computed, ref, toValue, watch } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import { nodeHistoryQuery } from '../../graphql/documents/nodes.ts'
import type { NodeItem } from '../../graphql/items.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'
import { useCursorPages } from '../shared/useCursorPages.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { useCurrentTime } from '../shared/useCurrentTime.ts'
import { uptimeAfter } from '../../utils/nodes/uptime.ts'

/** Changes per page: a few days for a bad node, months for a good one. */
const pageSize = 10

/** A node's uptime and its status changes in pages, newest first. Loads again when the status changes. */
export function useStatusHistory(node: MaybeRefOrGetter<Pick<NodeItem, 'id' | 'status' | 'statusSince'>>) {
  const { after, page, hasOlder, showOlder, showNewer } = useCursorPages(() => history.value?.pageInfo)
  const variables = () => ({ id: toValue(node).id, first: pageSize, after: after.value })
  const { state, data, problem, retry } = useLiveQuery(nodeHistoryQuery, variables)

  watch(
    () => `${toValue(node).status} ${toValue(node).statusSince}`,
    () => retry(),
  )

  const { connection } = useServerConnection()
  const now = useCurrentTime()
  const read = ref({ at: 0, isOnline: false })
  watch(data, () => (read.value = { at: Date.now(), isOnline: toValue(node).status === 'ONLINE' }), { immediate: true })
  /** Stands still while the connection is lost, because nobody knows what the node does meanwhile. */
  const elapsedMs = computed<number>((before) =>
    connection.value === 'connected' ? Math.max(0, now.value.getTime() - read.value.at) : (before ?? 0),
  )
  const uptime = computed(() => {
    const then = data.value?.node?.uptime
    return then && uptimeAfter(then, elapsedMs.value, read.value.isOnline)
  })

  const history = computed(() => data.value?.node?.statusHistory)

  return {
    state,
    problem,
    retry,
    uptime,
    changes: computed(() => history.value?.nodes ?? []),
    total: computed(() => history.value?.totalCount ?? 0),
    page,
    hasOlder,
    showOlder,
    showNewer,
  }
}
