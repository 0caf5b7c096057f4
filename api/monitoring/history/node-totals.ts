import { createBatches } from '../../batches.ts'
import type { Clock } from '../../clock.ts'
import type { EntityManager } from '../../db/orm.ts'
import type { NodeStats } from '../node-stats.ts'
import type { Bucket } from './buckets.ts'
import { createFrames } from './frames.ts'
import type { History } from './history.ts'
import { createMarks } from './marks.ts'
import { createMeasuring } from './measuring.ts'
import { gridOf, readValues, type HistorySpan } from './reading.ts'
import { createSeriesNumbers } from './series-numbers.ts'
import type { Measured, SeriesKey } from './series.ts'
import { createSpan, type Span } from './span.ts'

/** Coarser than what nodes keep themselves: a thousand nodes need 25 MB for a day. */
export const totalsMs = 5 * 60_000
const kept = 288
/** A sample stands for at most so long. */
const longestMs = 60_000
const mostDisks = 4
/** A thousand nodes with their disks. */
const mostSeries = 1000 * (1 + mostDisks)
const mostPending = 6

export type NodeTotals = ReturnType<typeof createNodeTotals>

/**
 * What the other nodes used in the last day, as they told it, and when they were in maintenance. Only for when a node cannot be asked: it knows
 * better itself.
 */
export function createNodeTotals({ em, clock }: { em: EntityManager; clock: Clock }) {
  const isOurs = ({ kind, app }: SeriesKey): boolean => (kind === 'node' || kind === 'disk') && app !== ''
  const numbers = createSeriesNumbers({ em, isOurs, mostSeries })
  const frames = createFrames({ em, numbers, tier: 'nodes', keep: kept })
  const marks = createMarks({ em })
  const nodes = new Map<string, { measure: ReturnType<typeof createMeasuring>; at: number; asOf: number }>()
  const open = new Map<number, Span>()
  let pending: Bucket[] = []

  function close(now: number): void {
    for (const [at, span] of open) {
      if (at + totalsMs > now && at <= now) continue
      open.delete(at)
      pending = [...pending, { at, series: span.values() }].slice(-mostPending)
    }
  }

  const ofNode = (nodeId: string, { key, values }: Measured): Measured => ({ key: { ...key, app: nodeId }, values })

  const flushFrames = createBatches<Bucket[]>({
    take() {
      close(clock.now().getTime())
      const batch = pending
      pending = []
      return batch.length > 0 ? batch : null
    },
    async write(batch) {
      try {
        await em.fork().transactional((within) => frames.write(within, batch))
      } catch (error) {
        await numbers.reload()
        throw error
      }
    },
    giveBack: (batch) => void (pending = [...batch, ...pending].slice(-mostPending)),
  })

  return {
    async start(): Promise<void> {
      await numbers.start()
      await marks.start()
    },

    /** A node has sent stats. Times are those of this node's clock. */
    sampled(nodeId: string, stats: NodeStats): void {
      const now = clock.now().getTime()
      const node = nodes.get(nodeId) ?? { measure: createMeasuring(), at: 0, asOf: 0 }
      if (node.asOf === stats.asOf.getTime()) return
      const sinceMs = now - node.at
      const isAfterGap = sinceMs <= 0 || sinceMs > 10 * longestMs
      const measured = node.measure({ ...stats, disks: stats.disks.slice(0, mostDisks), containers: [] }, isAfterGap)
      nodes.set(nodeId, { ...node, at: now, asOf: stats.asOf.getTime() })
      const at = Math.floor(now / totalsMs) * totalsMs
      const span = open.get(at) ?? createSpan()
      open.set(at, span)
      for (const each of measured) span.add(ofNode(nodeId, each), isAfterGap ? 1000 : Math.min(longestMs, sinceMs))
    },

    /** Whether a node is in maintenance, and since when. Call whenever that may have changed. */
    maintenance: (nodeId: string, since: Date | null): void => marks.maintenance(nodeId, since, clock.now()),

    maintenanceOf: (nodeId: string, from: Date, to: Date) => marks.between(from, to, { nodeId }),

    async read(nodeId: string, span: HistorySpan): Promise<History> {
      const isWanted = ({ app }: SeriesKey): boolean => app === nodeId
      const wanted = numbers.matching((key) => isOurs(key) && isWanted(key))
      const waiting = [...pending, ...[...open].map(([at, each]) => ({ at, series: each.values() }))]
      async function* buckets() {
        yield* frames.read(span.from.getTime(), span.to.getTime(), wanted)
        for (const { at, series } of waiting) yield { at, series: series.filter(({ key }) => isWanted(key)) }
      }
      return { ...(await readValues(buckets(), gridOf(span, totalsMs))), marks: [] }
    },

    async forget(nodeId: string): Promise<void> {
      nodes.delete(nodeId)
      await numbers.drop(({ app }) => app === nodeId)
    },

    async flush(): Promise<void> {
      await flushFrames()
      await marks.flush()
    },

    prune: frames.prune,
  }
}
