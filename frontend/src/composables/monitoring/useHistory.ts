import { useIntervalFn } from '@vueuse/core'
import { computed, ref, shallowRef, toValue, watch } from 'vue'
import type { MaybeRefOrGetter, Ref } from 'vue'
import { appHistoryValues, nodeHistoryValues } from '../../graphql/documents/history.ts'
import type { HistoryItem, NodeStatsItem } from '../../graphql/items.ts'
import {
  chartsOf,
  livePoint,
  secondsOf,
  withLive,
  type HistoryOf,
  type LivePoint,
  type Range,
} from '../../utils/monitoring/history-charts.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { useNodeStats } from './useNodeStats.ts'

/** The whole range is read again so often; in between, measurements are added as they come. */
const readAgainMs = 300_000

/** The past of a node, an app or a container, and in the shortest range what it uses now. */
export function useHistory(of: HistoryOf, range: Ref<Range>, visible: MaybeRefOrGetter<boolean>) {
  const now = ref(Date.now())
  useIntervalFn(() => (now.value = Date.now()), readAgainMs)
  const from = computed(() => new Date(now.value - secondsOf[range.value] * 1000).toISOString())
  const { nodeId, app, container } = of
  const query = app
    ? useLiveQuery(appHistoryValues, () => ({ appId: app.id, from: from.value, services: app.service ? [app.service] : null }))
    : useLiveQuery(nodeHistoryValues, () => ({ nodeId, from: from.value, containers: container ? [container] : null }))
  const newest = computed<HistoryItem | undefined>(() => {
    const data = query.data.value
    return (data && ('appHistory' in data ? data.appHistory : data.nodeHistory)) ?? undefined
  })
  /** Stays until the next one is there, so that nothing flickers. */
  const history = shallowRef<HistoryItem>()
  const points = shallowRef<LivePoint[]>([])
  watch(
    newest,
    (next) => {
      if (next) history.value = next
    },
    { immediate: true },
  )
  watch(range, () => (now.value = Date.now()))

  const { stats } = useNodeStats(
    () => nodeId,
    () => toValue(visible) && range.value === '1h',
  )
  let before: NodeStatsItem | undefined
  watch(stats, (next) => {
    const point = next && livePoint(next, before, of)
    before = next
    if (point) points.value = [...points.value, point].slice(-(readAgainMs / 1000) * 2)
  })

  const charts = computed(() => {
    const past = history.value ? chartsOf(history.value, of) : []
    return range.value === '1h' ? past.map((chart) => withLive(chart, points.value)) : past
  })
  const state = computed(() => (history.value ? 'ready' : query.state.value))
  return { state, history, charts, problem: query.problem, retry: query.retry }
}
