import type { Clock } from '../../api/clock.ts'

export interface ManualClock extends Clock {
  /** Advances time and runs every task that becomes due, in order, including tasks scheduled on the way. */
  advance(ms: number): void
  /** Makes the wall clock jump, as when someone sets it. Waiting tasks still wait as long as before. */
  set(byMs: number): void
  /** Lets time pass as while a machine sleeps: what became due meanwhile runs once, at the end. A day takes no longer than a second. */
  sleep(ms: number): void
  /** How many tasks are waiting. */
  waiting(): number
  /** Milliseconds until each waiting task is due, soonest first. */
  waits(): number[]
}

interface Task {
  at: number
  task: () => void
}

export function createManualClock(start = new Date('2026-01-26T20:00:00Z')): ManualClock {
  let now = start.getTime()
  let wall = 0
  const tasks = new Set<Task>()
  /** Without sorting, because a day on the clock runs a hundred thousand tasks. */
  const soonest = (): Task | undefined => {
    let first: Task | undefined
    for (const task of tasks) if (!first || task.at < first.at) first = task
    return first
  }
  return {
    now: () => new Date(now + wall),
    set: (byMs) => void (wall += byMs),
    after(ms, task) {
      const entry = { at: now + ms, task }
      tasks.add(entry)
      return () => void tasks.delete(entry)
    },
    advance(ms) {
      const until = now + ms
      for (let next = soonest(); next && next.at <= until; next = soonest()) {
        tasks.delete(next)
        now = next.at
        next.task()
      }
      now = until
    },
    sleep(ms) {
      now += ms
      for (const entry of [...tasks].filter(({ at }) => at <= now).sort((a, b) => a.at - b.at)) if (tasks.delete(entry)) entry.task()
    },
    waiting: () => tasks.size,
    waits: () => [...tasks].map(({ at }) => at - now).sort((a, b) => a - b),
  }
}
