import type { EntityManager } from '../../db/orm.ts'
import { HistorySeriesEntity } from './history.entity.ts'
import { keyText, type SeriesKey } from './series.ts'

/**
 * Series known at a time. A crash loop that makes containers with new names pushes out only those that were seen least recently;
 * what it pushes out has no history any more.
 */
const usualSeries = 500
/** Saves a write with every frame. What is pushed out is chosen no more exactly than this. */
const writeSeenAfterMs = 3_600_000

interface Known {
  id: number
  key: SeriesKey
  seenAt: number
}

export type SeriesNumbers = ReturnType<typeof createSeriesNumbers>

/** The number of each series, under which frames store it. */
export function createSeriesNumbers(deps: {
  em: EntityManager
  /** Others count theirs in the same table. */
  isOurs: (key: SeriesKey) => boolean
  mostSeries?: number
}) {
  const { em, isOurs, mostSeries = usualSeries } = deps
  const byKey = new Map<string, Known>()
  const byId = new Map<number, Known>()

  function forget({ id, key }: Known): void {
    byKey.delete(keyText(key))
    byId.delete(id)
  }

  function remember(known: Known): void {
    byKey.set(keyText(known.key), known)
    byId.set(known.id, known)
  }

  async function makeRoom(within: EntityManager, keep: Set<string>): Promise<void> {
    if (byKey.size < mostSeries) return
    const others = [...byKey.values()].filter(({ key }) => key.kind !== 'node' && !keep.has(keyText(key)))
    const oldest = others.reduce<Known | null>((old, each) => (old === null || each.seenAt < old.seenAt ? each : old), null)
    if (!oldest) return
    await within.nativeDelete(HistorySeriesEntity, { id: oldest.id })
    forget(oldest)
  }

  return {
    async start(): Promise<void> {
      for (const { id, kind, app, name, seenAt } of await em.fork().find(HistorySeriesEntity, {}))
        if (isOurs({ kind, app, name })) remember({ id, key: { kind, app, name }, seenAt: seenAt.getTime() })
    },

    /** The numbers of series that a frame has, in order. New ones get one. */
    async numbers(within: EntityManager, keys: SeriesKey[], at: number): Promise<number[]> {
      const now = new Date(at)
      const keep = new Set(keys.map(keyText))
      const ids: number[] = []
      for (const key of keys) {
        let known = byKey.get(keyText(key))
        if (!known) {
          await makeRoom(within, keep)
          known = { id: await within.insert(HistorySeriesEntity, { ...key, seenAt: now }), key, seenAt: at }
          remember(known)
        } else if (Math.abs(at - known.seenAt) >= writeSeenAfterMs) {
          known.seenAt = at
          await within.nativeUpdate(HistorySeriesEntity, { id: known.id }, { seenAt: now })
        }
        ids.push(known.id)
      }
      return ids
    },

    /** After a write that failed: what it added is not in the database. */
    async reload(): Promise<void> {
      byKey.clear()
      byId.clear()
      await this.start()
    },

    keyOf: (id: number): SeriesKey | undefined => byId.get(id)?.key,

    /** The numbers of known series. */
    matching: (isWanted: (key: SeriesKey) => boolean): Map<number, SeriesKey> =>
      new Map([...byId.values()].flatMap(({ id, key }) => (isWanted(key) ? [[id, key] as const] : []))),

    async drop(isGone: (key: SeriesKey) => boolean): Promise<void> {
      for (const known of [...byId.values()].filter(({ key }) => isGone(key))) {
        await em.fork().nativeDelete(HistorySeriesEntity, { id: known.id })
        forget(known)
      }
    },
  }
}
