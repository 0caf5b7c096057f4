import { createBatches } from '../../batches.ts'
import type { Clock } from '../../clock.ts'
import type { EntityManager } from '../../db/orm.ts'
import type { Bucket } from './buckets.ts'
import { createFrames } from './frames.ts'
import type { SeriesNumbers } from './series-numbers.ts'
import { createSpan, measuredOf } from './span.ts'

/** Both keep 2,880 frames: 24 hours of 30 s, and 30 days of 15 minutes. */
export const fineMs = 30_000
export const coarseMs = 15 * 60_000
const kept = 2880
/** While writes fail, for example on a full disk, older frames beyond half an hour are lost. */
const mostPending = 60

export type Archive = ReturnType<typeof createArchive>

/** What was measured, on disk: fine for a day, and rolled up for a month. */
export function createArchive({ em, numbers, clock }: { em: EntityManager; numbers: SeriesNumbers; clock: Clock }) {
  const fine = createFrames({ em, numbers, tier: 'fine', keep: kept })
  const coarse = createFrames({ em, numbers, tier: 'coarse', keep: kept })
  let pending: Bucket[] = []
  /** Coarse spans with fine frames that are not rolled up yet. */
  const due = new Set<number>()

  const coarseStart = (at: number): number => Math.floor(at / coarseMs) * coarseMs

  /** Always from the fine frames, so that it comes out the same whenever it is done, and however often. */
  async function rollUp(at: number): Promise<void> {
    const span = createSpan()
    const all = numbers.matching(() => true)
    for await (const { series } of fine.read(at, at + coarseMs, all)) for (const values of series) span.add(measuredOf(values), 1)
    const series = span.values()
    if (series.length > 0) await em.fork().transactional((within) => coarse.write(within, [{ at, series }]))
  }

  async function rollUpWhatEnded(): Promise<void> {
    const now = clock.now().getTime()
    // A clock that was set back leaves spans in the future; no more is added to them.
    const ended = [...due].filter((at) => at + coarseMs <= now || at > now)
    for (const at of ended) {
      await rollUp(at)
      due.delete(at)
    }
  }

  const flush = createBatches<Bucket[]>({
    take() {
      const batch = pending
      pending = []
      return batch.length > 0 ? batch : null
    },
    async write(batch) {
      try {
        await em.fork().transactional((within) => fine.write(within, batch))
      } catch (error) {
        await numbers.reload()
        throw error
      }
      for (const { at } of batch) due.add(coarseStart(at))
      await rollUpWhatEnded()
    },
    giveBack: (batch) => void (pending = [...batch, ...pending].slice(-mostPending)),
  })

  return {
    /** Finds what the last run did not get to roll up. */
    async start(): Promise<void> {
      const done = new Set(await coarse.times())
      for (const at of await fine.times()) if (!done.has(coarseStart(at))) due.add(coarseStart(at))
      await rollUpWhatEnded()
    },

    add(buckets: Bucket[]): void {
      pending = [...pending, ...buckets].slice(-mostPending)
    },

    flush,

    /** Waiting to be written. */
    pending: (): readonly Bucket[] => pending,

    fine,
    coarse,

    async prune(): Promise<void> {
      await fine.prune()
      await coarse.prune()
    },
  }
}
