import type { Clock } from '../../clock.ts'

/**
 * How many nodes may open a link: at most 50 in any second, 10 of them without waiting. A thousand nodes are back within half
 * a minute, and the primary still has time for other work.
 */
export const linkRate = { perSecond: 40, burst: 10, mostHeldMs: 3000 }

/** A caller told to come back later than this was told so before the clock was set back. */
const longestAdviceMs = 60_000

/**
 * Limits how many callers are let in per second, for example when every node calls a primary that has just restarted. A
 * caller that is slightly early waits here, so no place goes unused. A caller that would wait too long is told when to come
 * back, each one a little later than the previous one, so they do not all return together.
 *
 * @param burst how many are let in at once after a quiet time @param mostHeldMs how long a caller can wait here
 */
export function createAcceptGate(deps: { perSecond: number; burst: number; mostHeldMs?: number; clock: Clock }) {
  const { burst, mostHeldMs = 0, clock } = deps
  const stepMs = 1000 / deps.perSecond
  const held: ((retryAfterSeconds: number) => void)[] = []
  /** Free places, and when they were last counted. */
  let free = burst
  let countedAt = clock.now().getTime()
  let lastReturnAt = 0

  function count(now: number): void {
    free = held.length > 0 ? 0 : Math.min(burst, free + Math.max(0, now - countedAt) / stepMs)
    countedAt = now
  }

  /** Each wait starts when the previous caller was let in, so a program that was busy does not let everyone in at once afterwards. */
  function letNextIn(waitMs: number): void {
    clock.after(waitMs, () => {
      held.shift()?.(0)
      countedAt = clock.now().getTime()
      free = 0
      if (held.length > 0) letNextIn(stepMs)
    })
  }

  function adviceAt(now: number): number {
    const firstFreeAt = now + held.length * stepMs
    if (lastReturnAt - now > longestAdviceMs) lastReturnAt = now
    lastReturnAt = Math.max(lastReturnAt, firstFreeAt) + stepMs
    // A caller can come back before that, because it can wait here for mostHeldMs.
    return Math.max(1, Math.ceil((lastReturnAt - now - mostHeldMs) / 1000))
  }

  return {
    /** @returns 0 when the caller is let in, at once or after a wait; otherwise after how many whole seconds to come back */
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

    /** When the last of the callers that were told to come back will be let in, in ms since the epoch. 0 if there are none. */
    lastReturnAt: (): number => lastReturnAt,
  }
}
