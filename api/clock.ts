/** Time as an argument: tests move it by hand and never sleep. */
export interface Clock {
  now(): Date
  /** Runs `task` once after `ms`; the returned function cancels it. Never keeps the process alive. */
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
 * Runs `task` once this program has run for `ms`. While it stands still, because its machine sleeps or it is stopped or held up,
 * nobody can be heard: however long that takes counts as one step. The returned function cancels it.
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

/** Watches whether this program stands still. The returned function ends that, and answers for how long it did at most at once, in ms. */
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
