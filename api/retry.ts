import type { Clock } from './clock.ts'

/** `afterMs`: again, and not before that, because whoever was asked said so, or because only a person can mend it. */
export type RetryOutcome = 'done' | 'again' | { afterMs: number }

export interface RetryLoop {
  /** Runs now: at once when it waits, once more when it is running. */
  run(): void
  stop(): void
}

/**
 * Runs a job until it succeeds, waiting longer after each failure (doubling from `firstMs` to `longestMs`, with full
 * jitter so that many nodes do not come back in step). A run that is asked for meanwhile starts as soon as it may.
 */
export function createRetryLoop(deps: {
  job: (attempt: number) => Promise<RetryOutcome>
  firstMs: number
  longestMs: number
  clock: Clock
  random: () => number
}): RetryLoop {
  let running = false
  let askedAgain = false
  let stopped = false
  let attempt = 0
  let cancelWait: () => void = () => undefined

  async function start(): Promise<void> {
    running = true
    cancelWait()
    askedAgain = false
    const outcome = await deps.job(attempt)
    running = false
    if (stopped) return
    attempt = outcome === 'done' ? 0 : attempt + 1
    if (askedAgain) return start()
    if (outcome === 'done') return
    cancelWait = deps.clock.after(waitAfter(outcome), () => void start())
  }

  function waitAfter(outcome: 'again' | { afterMs: number }): number {
    if (outcome !== 'again') return outcome.afterMs + deps.random() * deps.firstMs
    const longest = Math.min(deps.longestMs, deps.firstMs * 2 ** Math.min(attempt, 16))
    return deps.firstMs / 2 + deps.random() * longest
  }

  return {
    run() {
      if (stopped) return
      if (running) askedAgain = true
      else void start()
    },
    stop() {
      stopped = true
      cancelWait()
    },
  }
}
