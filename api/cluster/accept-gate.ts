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
export function createAcceptGate({
  perSecond,
  burst,
  mostHeldMs = 0,
  clock,
}: {
  perSecond: number
  burst: number
  mostHeldMs?: number
  clock: Clock
}) {
  const stepMs = 1000 / perSecond
  /** Places that are free, below 0 those that are promised, and when that was so. */
  let free = burst
  let countedAt = clock.now().getTime()
  let lastTurn = 0

  /** Come in after so many milliseconds; or come back after so many whole seconds, when that is not 0. */
  return function enter(): { holdMs: number; retryAfterSeconds: number } {
    const now = clock.now().getTime()
    free = Math.min(burst, free + Math.max(0, now - countedAt) / stepMs)
    countedAt = now
    const holdMs = Math.max(0, (1 - free) * stepMs)
    if (holdMs <= mostHeldMs) {
      free -= 1
      return { holdMs, retryAfterSeconds: 0 }
    }
    if (lastTurn - now > longestAdviceMs) lastTurn = now
    lastTurn = Math.max(lastTurn, now + mostHeldMs) + stepMs
    return { holdMs: 0, retryAfterSeconds: Math.max(1, Math.ceil((lastTurn - now - mostHeldMs) / 1000)) }
  }
}
