import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import { ObservedPeriodEntity } from './status-change.entity.ts'
import type { Period } from './uptime.ts'

/** Shorter absences are as if they had not been: a restart is no gap. */
const shortestGapMs = 2 * 60_000
/** Trades one small write per minute against how much longer than it was a gap looks after a crash. */
const writeEveryMs = 60_000

export type ObservedPeriods = ReturnType<typeof createObservedPeriods>

/** When this node was there to see how the others are. Between two periods is a gap: its own absence, or its sleep. */
export function createObservedPeriods({ em, keepMs, clock }: { em: EntityManager; keepMs: number; clock: Clock }) {
  const periods: Period[] = []
  let current: (Period & { id: number }) | undefined
  let writtenAt = 0

  async function begin(now: number): Promise<void> {
    const id = await em.fork().insert(ObservedPeriodEntity, { begunAt: new Date(now), endedAt: new Date(now) })
    current = { id, from: now, until: now }
    periods.push(current)
    writtenAt = now
  }

  async function write({ id, until }: Period & { id: number }, now: number): Promise<void> {
    await em.fork().nativeUpdate(ObservedPeriodEntity, { id }, { endedAt: new Date(until) })
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

    /** This node is there now. Called every few seconds; `last` when it is about to leave. */
    async beat({ last = false } = {}): Promise<void> {
      if (!current) return
      const now = clock.now().getTime()
      if (now - current.until > shortestGapMs) {
        await write(current, now)
        return begin(now)
      }
      // A clock that was put back takes nothing back.
      current.until = Math.max(current.until, now)
      if (last || Math.abs(now - writtenAt) >= writeEveryMs) await write(current, now)
    },

    /** Oldest first, without overlaps; the last one ends with the last beat. */
    list: (): readonly Period[] => periods,

    async prune(): Promise<void> {
      const oldest = clock.now().getTime() - keepMs
      const kept = periods.filter((period) => period === current || period.until >= oldest)
      periods.splice(0, periods.length, ...kept)
      await em.fork().nativeDelete(ObservedPeriodEntity, { endedAt: { $lt: new Date(oldest) }, id: { $ne: current?.id ?? 0 } })
    },
  }
}
