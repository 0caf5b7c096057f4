import { useIntervalFn } from '@vueuse/core'
import { computed, ref, toValue, watch } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import type { NodeHistoryQuery } from '../graphql/generated/graphql.ts'
import { nodeHistoryQuery } from '../graphql/nodes.ts'
import { useBackend } from './useBackend.ts'
import { useLiveQuery } from './useLiveQuery.ts'
import type { NodeItem } from './useNodes.ts'

type History = NonNullable<NodeHistoryQuery['node']>
export type StatusChangeItem = History['statusHistory']['nodes'][number]
export type Uptime = History['uptime']

/** Changes per page: a few days for a bad node, months for a good one. */
const pageSize = 10
/** An uptime that moves visibly is read again this often. */
const rereadMs = 15_000
/** With less than this observed, or during an outage, minutes change the shares. No event reports that. */
const youngMs = 3_600_000

/** A node's uptime and its status changes in pages, newest first. Loads again when the status changes, and while the uptime moves. */
export function useStatusHistory(node: MaybeRefOrGetter<Pick<NodeItem, 'id' | 'status' | 'statusSince'>>) {
  /** The start cursor of each page up to this one. */
  const cursors = ref<(string | undefined)[]>([undefined])
  const variables = () => ({ id: toValue(node).id, first: pageSize, after: cursors.value.at(-1) })
  const { state, data, problem, retry } = useLiveQuery(nodeHistoryQuery, variables)

  watch(
    () => `${toValue(node).status} ${toValue(node).statusSince}`,
    () => retry(),
  )

  const { connection } = useBackend()
  const moves = computed(() => {
    const uptime = data.value?.node?.uptime
    return connection.value === 'connected' && uptime && (toValue(node).status !== 'ONLINE' || uptime.dayObservedMs < youngMs)
  })
  const { pause, resume } = useIntervalFn(() => retry(), rereadMs, { immediate: false })
  watch(moves, (now) => (now ? resume() : pause()), { immediate: true })

  const history = computed(() => data.value?.node?.statusHistory)
  const older = computed(() => (history.value?.pageInfo.hasNextPage ? (history.value.pageInfo.endCursor ?? undefined) : undefined))

  return {
    state,
    problem,
    retry,
    uptime: computed(() => data.value?.node?.uptime),
    changes: computed(() => history.value?.nodes ?? []),
    total: computed(() => history.value?.totalCount ?? 0),
    page: computed(() => cursors.value.length),
    hasOlder: computed(() => older.value !== undefined),
    showOlder: () => (cursors.value = [...cursors.value, older.value]),
    showNewer: () => (cursors.value = cursors.value.slice(0, -1)),
  }
}
