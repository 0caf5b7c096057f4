import type { Clock } from '../clock.ts'

/** Advice that is further away than this is from before the clock was put back. */
const longestAdviceMs = 60_000

/**
 * Bounds how many come in per second, such as when every node calls a primary that has just come back. Who comes a little
 * too early waits here, so that no place stays free while there is somebody for it. Who would wait too long is told when its
 * turn will be, each a little later than the one before, so that they do not all come back together.
 *
 * @param burst how many are let in at once after a quiet time @param mostHeldMs how long one may wait here
 */
export function createAcceptGate(deps: { perSecond: number; burst: number; mostHeldMs?: number; clock: Clock }) {
  const { burst, mostHeldMs = 0, clock } = deps
  const stepMs = 1000 / deps.perSecond
  const held: ((retryAfterSeconds: number) => void)[] = []
  /** Places that are free, and when that was so. */
  let free = burst
  let countedAt = clock.now().getTime()
  let lastTurn = 0

  function count(now: number): void {
    free = held.length > 0 ? 0 : Math.min(burst, free + Math.max(0, now - countedAt) / stepMs)
    countedAt = now
  }

  /** One after the other by what the clock says then: a program that was busy does not let in at once whom it kept waiting. */
  function letNextIn(waitMs: number): void {
    clock.after(waitMs, () => {
      held.shift()?.(0)
      countedAt = clock.now().getTime()
      free = 0
      if (held.length > 0) letNextIn(stepMs)
    })
  }

  function adviceAt(now: number): number {
    const firstTurn = now + held.length * stepMs
    if (lastTurn - now > longestAdviceMs) lastTurn = now
    lastTurn = Math.max(lastTurn, firstTurn) + stepMs
    // One may come earlier than its turn by as much as it may wait here.
    return Math.max(1, Math.ceil((lastTurn - now - mostHeldMs) / 1000))
  }

  return {
    /** @returns 0 for "come in", at once or after a wait; else after how many whole seconds to come back */
    enter(): Promise<number> {
      const now = clock.now().getTime()
      count(now)
      if (held.length === 0 && free >= 1) {
        free -= 1
        return Promise.resolve(0)
      }
      if ((held.length + 1 - free) * stepMs > mostHeldMs) return Promise.resolve(adviceAt(now))
      return new Promise((resolve) => {
        held.push(resolve)
        if (held.length === 1) letNextIn((1 - free) * stepMs)
      })
    },

    /** When the last of those who were told to come back has its turn, in ms since the epoch; 0 when nobody was. */
    lastTurn: (): number => lastTurn,
  }
}
