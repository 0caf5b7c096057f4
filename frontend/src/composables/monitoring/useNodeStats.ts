import { onScopeDispose, shallowRef, toValue, watch } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import { nodeStats } from '../../graphql/documents/monitoring.ts'
import type { NodeStatsItem } from '../../graphql/items.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'

/** Samples kept per series: ten minutes at one every two seconds. */
const seriesLength = 300

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

/** One node's live stats and a series built from them. Subscribes only while `watched`. */
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

  watch(
    () => [toValue(nodeId), toValue(watched)] as const,
    ([id, wanted]) => {
      stop?.()
      stop = undefined
      if (!wanted) return
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
