import { useIntervalFn } from '@vueuse/core'
import { computed, ref, shallowRef, toValue, watch } from 'vue'
import type { MaybeRefOrGetter, Ref } from 'vue'
import { appHistoryValues, nodeHistoryValues } from '../../graphql/documents/history.ts'
import type { HistoryItem, NodeStatsItem } from '../../graphql/items.ts'
import { chartsOf, livePoint, secondsOf, withLive, type LivePoint, type Range } from '../../utils/monitoring/history-charts.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'
import { useNodeStats } from './useNodeStats.ts'

/** The whole range is read again so often; in between, measurements are added as they come. */
const readAgainMs = 300_000

/** What is shown: a node, or the services of an app on it. */
export interface HistoryOf {
  nodeId: string
  app?: { id: string; name: string }
}

/** The past of a node or an app, and in the shortest range what it uses now. */
export function useHistory(of: HistoryOf, range: Ref<Range>, visible: MaybeRefOrGetter<boolean>) {
  const now = ref(Date.now())
  useIntervalFn(() => (now.value = Date.now()), readAgainMs)
  const from = computed(() => new Date(now.value - secondsOf[range.value] * 1000).toISOString())
  const query = of.app
    ? useLiveQuery(appHistoryValues, () => ({ appId: of.app?.id ?? '', from: from.value }))
    : useLiveQuery(nodeHistoryValues, () => ({ nodeId: of.nodeId, from: from.value }))
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
    () => of.nodeId,
    () => toValue(visible) && range.value === '1h',
  )
  let before: NodeStatsItem | undefined
  watch(stats, (next) => {
    const point = next && livePoint(next, before, of.app?.name)
    before = next
    if (point) points.value = [...points.value, point].slice(-(readAgainMs / 1000) * 2)
  })

  const charts = computed(() => {
    const past = history.value ? chartsOf(history.value) : []
    return range.value === '1h' ? past.map((chart) => withLive(chart, points.value)) : past
  })
  const state = computed(() => (history.value ? 'ready' : query.state.value))
  return { state, history, charts, problem: query.problem, retry: query.retry }
}
