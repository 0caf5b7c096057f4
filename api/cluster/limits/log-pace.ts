import { bounds } from '../../bounds.ts'
import type { Clock } from '../../clock.ts'
import { createTokenBucket } from './token-bucket.ts'

/** What one message costs besides its bytes, because a link also limits frames. */
const messageBytes = 16 * 1024

/**
 * How fast this node sends logs to its primary, all of them together: far below what would cut its link. Whoever comes first waits
 * least, so that logs take turns.
 */
export function createLogPace(clock: Clock) {
  const bucket = createTokenBucket(bounds.logs.sent, clock)
  let turn: Promise<void> = Promise.resolve()

  async function wait(bytes: number, signal: AbortSignal): Promise<void> {
    const cost = Math.min(bytes + messageBytes, bounds.logs.sent.burst)
    while (!signal.aborted && !bucket.take(cost)) {
      await new Promise<void>((resolve) => {
        const settle = (): void => {
          cancel()
          signal.removeEventListener('abort', settle)
          resolve()
        }
        const cancel = clock.after(Math.max(1, bucket.waitMs(cost)), settle)
        signal.addEventListener('abort', settle)
      })
    }
  }

  return function pace(bytes: number, signal: AbortSignal): Promise<void> {
    turn = turn.then(() => wait(bytes, signal))
    return turn
  }
}
