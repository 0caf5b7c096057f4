/** Time is passed in, so tests can move it by hand instead of sleeping. */
export interface Clock {
  now(): Date
  /** Runs `task` once after `ms`. The returned function cancels it. Does not keep the process alive. */
  after(ms: number, task: () => void): () => void
}

export const systemClock: Clock = {
  now: () => new Date(),
  after(ms, task) {
    const timer = setTimeout(task, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

const stepMs = 1000

/**
 * Runs `task` after this program has actually been running for `ms`. A program that is frozen (the machine sleeps, the
 * process is stopped or blocked) cannot hear anyone, so a pause of any length counts as one step. The returned function
 * cancels it.
 */
export function afterRunning(clock: Clock, ms: number, task: () => void): () => void {
  let left = ms
  let cancel: () => void = () => undefined
  const step = (): void => {
    const wait = Math.min(stepMs, left)
    left -= wait
    cancel = clock.after(wait, () => (left > 0 ? step() : task()))
  }
  step()
  return () => cancel()
}

/** Watches for times when this program is frozen. The returned function stops watching and returns the longest freeze in ms. */
export function watchStandstill(clock: Clock): () => number {
  let longestMs = 0
  let dueAt = 0
  let cancel: () => void = () => undefined
  const look = (): void => {
    longestMs = Math.max(longestMs, clock.now().getTime() - dueAt)
  }
  const step = (): void => {
    dueAt = clock.now().getTime() + stepMs
    cancel = clock.after(stepMs, () => {
      look()
      step()
    })
  }
  step()
  return () => {
    cancel()
    look()
    return longestMs
  }
}
