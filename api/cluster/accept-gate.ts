import type { Clock } from '../clock.ts'

/** Advice that is further away than this is from before the clock was put back. */
const longestAdviceMs = 60_000

/**
 * Bounds how many come in per second, such as when every node calls a primary that has just come back. Who is too many
 * is told when its turn will be, each a little later than the one before, so that they do not all come back together.
 *
 * @param burst how many are let in at once after a quiet time
 */
export function createAcceptGate({ perSecond, burst, clock }: { perSecond: number; burst: number; clock: Clock }) {
  const stepMs = 1000 / perSecond
  /** Places that are free, and when that was so. */
  let free = burst
  let countedAt = clock.now().getTime()
  let lastTurn = 0

  /** @returns 0 for "come in", else after how many whole seconds to come back */
  return function enter(): number {
    const now = clock.now().getTime()
    free = Math.min(burst, free + Math.max(0, now - countedAt) / stepMs)
    countedAt = now
    if (free >= 1) {
      free -= 1
      return 0
    }
    if (lastTurn - now > longestAdviceMs) lastTurn = now
    lastTurn = Math.max(lastTurn, now) + stepMs
    return Math.max(1, Math.ceil((lastTurn - now) / 1000))
  }
}
