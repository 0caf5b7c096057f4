import type { Clock } from './clock.ts'

/** `afterMs`: retry, but not before that, because the other side asked for it or because only a person can fix the cause. */
export type RetryOutcome = 'done' | 'again' | { afterMs: number }

/** The wait after this many earlier ones, in ms. It doubles each time, up to the longest. */
export const backoffMs = ({ firstMs, longestMs }: { firstMs: number; longestMs: number }, before: number): number =>
  Math.min(longestMs, firstMs * 2 ** Math.min(before, 16))

export interface RetryLoop {
  /** Starts the job now if it is waiting, or once more after the current run. */
  run(): void
  stop(): void
}

/**
 * Runs a job until it succeeds, waiting longer after each failure: from `firstMs`, doubling up to `longestMs`, with full
 * jitter so that many nodes do not retry in step. Calling `run` during a run starts another one right after it.
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
    return deps.firstMs / 2 + deps.random() * backoffMs(deps, attempt)
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
