import type { Clock } from '../../clock.ts'
import type { EntityManager } from '../../db/orm.ts'
import type { EngineContainer } from '../../docker/engine.types.ts'
import type { NodeStats } from '../node-stats.ts'
import { coarseMs, createArchive, fineMs } from './archive.ts'
import { createBuckets } from './buckets.ts'
import type { Mark } from './mark.ts'
import { createMarks, mostMarks } from './marks.ts'
import { createMeasuring } from './measuring.ts'
import { gridOf, pointsFor, readValues, type HistorySpan, type HistoryValues } from './reading.ts'
import { createRestartWatch } from './restarts.ts'
import { createSeriesNumbers } from './series-numbers.ts'
import type { SeriesKey } from './series.ts'

export type { HistorySeries, HistorySpan, HistoryValues } from './reading.ts'

export interface History extends HistoryValues {
  marks: Mark[]
}

/** What to read: the node with its disks and these containers of no app, or an app's services (all, if none is named). */
export type HistorySubject = { containers: string[] } | { app: string; services: string[] }

/** The fine frames are kept at least this long. */
const fineForMs = 24 * 3600_000

export type OwnHistory = ReturnType<typeof createHistory>

/** What this node and its containers used, for a month. */
export function createHistory(deps: {
  em: EntityManager
  /** The longest time between two samples while all is well. */
  sampledEveryMs: number
  /** The deploys of an app, or of all, in these times. */
  deploys: (app: string | null, from: Date, to: Date) => Promise<Mark[]>
  clock: Clock
}) {
  const { em, clock } = deps
  const numbers = createSeriesNumbers({ em, isOurs: ({ kind, app }) => app === '' || kind === 'service' })
  const archive = createArchive({ em, numbers, clock })
  const marks = createMarks({ em })
  /** A machine that slept has two samples far apart, with nothing between them. */
  const longestMs = (): number => Math.max(10_000, deps.sampledEveryMs * 2.5)
  const buckets = createBuckets({ lengthMs: fineMs, longestMs })
  const measure = createMeasuring()
  const lookForRestarts = createRestartWatch({ onRestart: (what) => marks.restarted({ ...what, at: clock.now() }) })
  let lastAt = 0

  /** Stored frames, then those that are not written yet and the ones being filled. */
  async function* bucketsOf({ from, to }: HistorySpan, wanted: Map<number, SeriesKey>, isWanted: (key: SeriesKey) => boolean) {
    const isFine = clock.now().getTime() - from.getTime() <= fineForMs + fineMs
    yield* (isFine ? archive.fine : archive.coarse).read(from.getTime(), to.getTime(), wanted)
    // Not rolled up yet.
    if (!isFine) {
      const recent = Math.floor((clock.now().getTime() - coarseMs) / coarseMs) * coarseMs
      const since = Math.max(recent, from.getTime())
      yield* archive.fine.read(since, to.getTime(), wanted)
    }
    for (const { at, series } of [...archive.pending(), ...buckets.current()])
      yield { at, series: series.filter(({ key }) => isWanted(key)) }
  }

  return {
    async start(): Promise<void> {
      await numbers.start()
      await archive.start()
    },

    /** A sample of this node. */
    sampled(stats: NodeStats): void {
      const now = stats.asOf.getTime()
      const sinceMs = now - lastAt
      archive.add(buckets.add(now, measure(stats, sinceMs <= 0 || sinceMs > longestMs())))
      lastAt = now
    },

    /** All containers of this machine, whenever they have changed. */
    containersChanged: (containers: EngineContainer[]): void => lookForRestarts(containers),

    async read(subject: HistorySubject, asked: HistorySpan): Promise<History> {
      const isWanted = wantedBy(subject)
      const wanted = numbers.matching(isWanted)
      const span = { ...asked, points: pointsFor(asked.points, [...wanted.values()]) }
      const spanMs = clock.now().getTime() - span.from.getTime() <= fineForMs + fineMs ? fineMs : coarseMs
      const values = await readValues(bucketsOf(span, wanted, isWanted), gridOf(span, spanMs))
      const app = 'app' in subject ? subject.app : null
      const [own, deploys] = await Promise.all([
        marks.between(span.from, span.to, { nodeId: '', ...(app !== null && { app }) }),
        deps.deploys(app, span.from, span.to),
      ])
      const all = [...own, ...deploys].sort((a, b) => a.at.getTime() - b.at.getTime())
      return { ...values, marks: all.slice(-mostMarks) }
    },

    async flush(): Promise<void> {
      await archive.flush()
      await marks.flush()
    },

    /** Ends what is being filled. The next flush writes it. */
    end: (): void => archive.add(buckets.end()),

    async prune(): Promise<void> {
      await archive.prune()
      await marks.prune()
    },
  }
}

const wantedBy =
  (subject: HistorySubject) =>
  (key: SeriesKey): boolean =>
    'app' in subject
      ? key.kind === 'service' && key.app === subject.app && (subject.services.length === 0 || subject.services.includes(key.name))
      : key.kind === 'node' || key.kind === 'disk' || (key.kind === 'container' && subject.containers.includes(key.name))
