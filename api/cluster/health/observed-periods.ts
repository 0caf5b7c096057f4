import type { EntityManager } from '../../db/orm.ts'
import type { Clock } from '../../clock.ts'
import { ObservedPeriodEntity } from './status-change.entity.ts'
import type { Period } from './uptime-share.ts'

/** Shorter absences are ignored, so that a restart does not count as a gap. */
const shortestGapMs = 2 * 60_000
/** Trades one small write per minute against how much a crash lengthens the recorded gap. */
const writeEveryMs = 60_000

export type ObservedPeriods = ReturnType<typeof createObservedPeriods>

/** Periods in which this node ran and could watch the others. In the gaps between them it was stopped or suspended. */
export function createObservedPeriods({ em, keepMs, clock }: { em: EntityManager; keepMs: number; clock: Clock }) {
  const periods: Period[] = []
  /** The id is null until its row has been written. */
  let current: (Period & { id: number | null }) | undefined
  let writtenAt = 0

  function begin(now: number): Promise<void> {
    current = { id: null, from: now, until: now }
    periods.push(current)
    return write(current, now)
  }

  async function write(period: Period & { id: number | null }, now: number): Promise<void> {
    const endedAt = new Date(period.until)
    if (period.id === null) period.id = await em.fork().insert(ObservedPeriodEntity, { begunAt: new Date(period.from), endedAt })
    else await em.fork().nativeUpdate(ObservedPeriodEntity, { id: period.id }, { endedAt })
    writtenAt = now
  }

  return {
    async start(): Promise<void> {
      const now = clock.now().getTime()
      const rows = await em.fork().find(ObservedPeriodEntity, { endedAt: { $gte: new Date(now - keepMs) } }, { orderBy: { id: 'asc' } })
      const known = rows.map(({ id, begunAt, endedAt }) => ({ id, from: begunAt.getTime(), until: endedAt.getTime() }))
      periods.push(...known)
      current = known.at(-1)
      if (!current || now - current.until > shortestGapMs) return begin(now)
      current.until = Math.max(current.until, now)
    },

    /** Records that this node is running now. Call every few seconds, and with `last` before it stops. */
    async beat({ last = false } = {}): Promise<void> {
      if (!current) return
      const now = clock.now().getTime()
      if (now - current.until > shortestGapMs) {
        const former = current
        // Memory is updated before the writes, so observation counts from now on even if they fail.
        await Promise.all([write(former, now), begin(now)])
        return
      }
      // A clock that was set back does not shorten the period.
      current.until = Math.max(current.until, now)
      if (last || current.id === null || Math.abs(now - writtenAt) >= writeEveryMs) await write(current, now)
    },

    /** Oldest first, without overlaps. The last one ends at the last beat. */
    list: (): readonly Period[] => periods,

    async prune(): Promise<void> {
      const oldest = clock.now().getTime() - keepMs
      const kept = periods.filter((period) => period === current || period.until >= oldest)
      periods.splice(0, periods.length, ...kept)
      await em.fork().nativeDelete(ObservedPeriodEntity, { endedAt: { $lt: new Date(oldest) }, id: { $ne: current?.id ?? 0 } })
    },
  }
}
