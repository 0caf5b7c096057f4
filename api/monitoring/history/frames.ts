import { setImmediate } from 'node:timers/promises'
import type { EntityManager } from '../../db/orm.ts'
import type { Bucket } from './buckets.ts'
import { packFrame, unpackFrame } from './frame.ts'
import { HistoryFrameEntity, type Tier } from './history.entity.ts'
import type { SeriesNumbers } from './series-numbers.ts'
import type { SeriesKey } from './series.ts'

/** Frames read, or deleted, at once. Other work gets its turn in between. */
const perTurn = 240

export type Frames = ReturnType<typeof createFrames>

/**
 * The frames of one tier. The newest `keep` are kept, by when they were written: a wrong clock makes frames with wrong times, but deletes none
 * with right ones.
 */
export function createFrames(deps: { em: EntityManager; numbers: SeriesNumbers; tier: Tier; keep: number }) {
  const { em, numbers, tier, keep } = deps

  return {
    /** A frame for the same time replaces the older one. */
    async write(within: EntityManager, buckets: Bucket[]): Promise<void> {
      const rows = new Map<number, { tier: Tier; at: Date; packed: Buffer }>()
      for (const { at, series } of buckets) {
        const keys = series.map(({ key }) => key)
        const ids = await numbers.numbers(within, keys, at)
        rows.set(at, { tier, at: new Date(at), packed: packFrame(new Map(series.map(({ values }, i) => [ids[i] ?? 0, values]))) })
      }
      await within.nativeDelete(HistoryFrameEntity, { tier, at: { $in: [...rows.keys()].map((at) => new Date(at)) } })
      await within.insertMany(HistoryFrameEntity, [...rows.values()])
    },

    /** Frames from `from` to before `to`, oldest first, with the wanted series only. */
    async *read(from: number, to: number, wanted: Map<number, SeriesKey>): AsyncGenerator<Bucket> {
      for (let since = new Date(from), isFirst = true; ; isFirst = false) {
        const at = { [isFirst ? '$gte' : '$gt']: since, $lt: new Date(to) }
        const rows = await em
          .fork()
          .find(HistoryFrameEntity, { tier, at }, { orderBy: { at: 'asc' }, limit: perTurn, disableIdentityMap: true })
        for (const { at, packed } of rows) {
          const frame = unpackFrame(packed, (id) => wanted.has(id))
          const series = [...frame].flatMap(([id, values]) => {
            const key = wanted.get(id)
            return key ? [{ key, values }] : []
          })
          yield { at: at.getTime(), series }
        }
        const last = rows.at(-1)
        if (!last || rows.length < perTurn) return
        since = last.at
        await setImmediate()
      }
    },

    /** When the frames that there are began, in ms. */
    async times(): Promise<number[]> {
      const rows = await em.fork().find(HistoryFrameEntity, { tier }, { fields: ['at'], disableIdentityMap: true })
      return rows.map(({ at }) => at.getTime())
    },

    /** Deletes a small batch of the oldest frames beyond the limit. */
    async prune(): Promise<void> {
      const within = em.fork()
      const options = { orderBy: { id: 'desc' as const }, offset: keep, limit: perTurn, fields: ['id' as const] }
      const old = await within.find(HistoryFrameEntity, { tier }, options)
      if (old.length > 0) await within.nativeDelete(HistoryFrameEntity, { id: { $in: old.map(({ id }) => id) } })
    },
  }
}
