import { bounds } from '../../bounds.ts'
import type { Clock } from '../../clock.ts'
import type { TerminalPace } from '../../terminals/terminal-session.ts'
import { createTokenBucket } from './token-bucket.ts'

/** Output that comes in small pieces is sent at most so often, so that what comes meanwhile goes with it. Nobody sees the difference. */
const breathMs = 4
/** A larger piece is sent as it comes. */
const smallBytes = 8 * 1024

const { ofSession, sent, messageCost } = bounds.terminals

/**
 * How fast terminals send: each no faster than a person can look at, and all of a node together far below what would cut its link. A
 * program that floods its terminal waits for its own limit long before the others feel it.
 *
 * @returns a pace for each new terminal
 */
export function createTerminalPace(clock: Clock): () => TerminalPace {
  const all = createTokenBucket(sent, clock)
  let turn: Promise<void> = Promise.resolve()

  async function spend(bucket: ReturnType<typeof createTokenBucket>, cost: number): Promise<void> {
    while (!bucket.take(cost)) await new Promise<void>((resolve) => void clock.after(Math.max(1, bucket.waitMs(cost)), resolve))
  }

  return () => {
    const own = createTokenBucket(ofSession, clock)
    let sentAt = Number.NEGATIVE_INFINITY
    /** What is typed comes back at once: nothing was sent right before. */
    async function breathe(bytes: number): Promise<void> {
      const left = sentAt + breathMs - clock.now().getTime()
      if (bytes < smallBytes && left > 0 && left <= breathMs) await new Promise<void>((resolve) => void clock.after(left, resolve))
    }
    return async function pace(bytes) {
      await breathe(bytes)
      const cost = bytes + messageCost
      await spend(own, cost)
      // Whoever comes first goes first.
      turn = turn.then(() => spend(all, cost))
      await turn
      sentAt = clock.now().getTime()
    }
  }
}
