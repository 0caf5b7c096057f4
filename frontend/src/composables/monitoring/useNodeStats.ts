import { onScopeDispose, shallowRef, toValue, watch } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import { nodeHistoryValues } from '../../graphql/documents/history.ts'
import { nodeStats } from '../../graphql/documents/monitoring.ts'
import type { HistoryItem, NodeStatsItem } from '../../graphql/items.ts'
import { chartsOf } from '../../utils/monitoring/history-charts.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'

/** Samples kept per series: ten minutes at one every two seconds. */
const seriesLength = 300
const pastMs = 600_000

export interface Sample {
  /** Seconds since the epoch. */
  time: number
  cpuPercent: number
  memoryPercent: number
}

function toSample({ asOf, cpu, memory }: NodeStatsItem): Sample | undefined {
  if (!asOf || !cpu || !memory || memory.totalBytes === 0) return undefined
  return { time: Date.parse(asOf) / 1000, cpuPercent: cpu.usagePercent, memoryPercent: (memory.usedBytes / memory.totalBytes) * 100 }
}

/** What the node kept of these minutes. */
function samplesOf(history: HistoryItem): Sample[] {
  const [cpu, memory] = chartsOf(history, {})
  return (cpu?.times ?? []).flatMap((time, i) => {
    const [cpuPercent, memoryPercent] = [cpu, memory].map((chart) => chart?.lines[0]?.values[i] ?? null)
    return typeof cpuPercent === 'number' && typeof memoryPercent === 'number' ? [{ time, cpuPercent, memoryPercent }] : []
  })
}

/** One node's live stats and a series of them, which begins with what the node kept. Subscribes only while `watched`. */
export function useNodeStats(nodeId: MaybeRefOrGetter<string>, watched: MaybeRefOrGetter<boolean>) {
  const { client } = useServerConnection()
  const stats = shallowRef<NodeStatsItem>()
  const series = shallowRef<Sample[]>([])
  let stop: (() => void) | undefined

  function take(item: NodeStatsItem): void {
    stats.value = item
    const sample = toSample(item)
    const last = series.value.at(-1)
    if (sample && (!last || sample.time > last.time)) series.value = [...series.value, sample].slice(-seriesLength)
  }

  async function fillPast(id: string): Promise<void> {
    const from = new Date(Date.now() - pastMs).toISOString()
    const { data } = await client.query(nodeHistoryValues, { nodeId: id, from, containers: null })
    if (!data?.nodeHistory || toValue(nodeId) !== id) return
    const first = series.value[0]?.time ?? Infinity
    series.value = [...samplesOf(data.nodeHistory).filter(({ time }) => time < first), ...series.value]
  }

  watch(
    () => [toValue(nodeId), toValue(watched)] as const,
    ([id, wanted]) => {
      stop?.()
      stop = undefined
      if (!wanted) return
      if (series.value.length === 0) void fillPast(id)
      const subscription = client.subscription(nodeStats, { nodeId: id }).subscribe(({ data }) => {
        if (data) take(data.nodeStats)
      })
      stop = () => subscription.unsubscribe()
    },
    { immediate: true },
  )
  onScopeDispose(() => stop?.())

  return { stats, series }
}
