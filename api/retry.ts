import type { Clock } from './clock.ts'

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
  job: (attempt: number) => Promise<'done' | 'again'>
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
    const longest = Math.min(deps.longestMs, deps.firstMs * 2 ** Math.min(attempt, 16))
    cancelWait = deps.clock.after(deps.firstMs / 2 + deps.random() * longest, () => void start())
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
