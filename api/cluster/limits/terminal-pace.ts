import { bounds } from '../../bounds.ts'
import type { Clock } from '../../clock.ts'
import type { TerminalPace } from '../../terminals/terminal-session.ts'
import { createTokenBucket } from './token-bucket.ts'

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
    return async function pace(bytes) {
      const cost = bytes + messageCost
      await spend(own, cost)
      // Whoever comes first goes first.
      turn = turn.then(() => spend(all, cost))
      await turn
    }
  }
}
