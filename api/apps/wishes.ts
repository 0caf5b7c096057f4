import type { AppDesiredState } from './app.ts'

/** The desired state that an operation brings with it. */
export interface Wish {
  desiredState: AppDesiredState
}

interface Queued {
  /** The desired state that the operations before the waiting ones leave. */
  base: AppDesiredState
  waiting: Wish[]
}

/**
 * The desired states of operations that wait in the apps' queues. An app's record shows the newest at once. A change that runs
 * before them must not obey them yet, and one that is cancelled before it starts counts for nothing.
 */
export function createWishes() {
  const queues = new Map<string, Queued>()

  function leave(appId: string, wish: Wish): Queued | undefined {
    const queue = queues.get(appId)
    if (!queue?.waiting.includes(wish)) return undefined
    queue.waiting = queue.waiting.filter((each) => each !== wish)
    if (queue.waiting.length === 0) queues.delete(appId)
    return queue
  }

  return {
    /** @param current the app's desired state before this wish */
    add(appId: string, wish: Wish, current: AppDesiredState): void {
      const queue = queues.get(appId) ?? { base: current, waiting: [] }
      queue.waiting.push(wish)
      queues.set(appId, queue)
    },

    /** The wish's operation has started, or ended otherwise than by being cancelled in the queue. Further calls do nothing. */
    settle(appId: string, wish: Wish): void {
      const queue = leave(appId, wish)
      if (queue) queue.base = wish.desiredState
    },

    /** @returns the desired state without this wish; undefined when it does not wait any more */
    withdraw(appId: string, wish: Wish): AppDesiredState | undefined {
      const queue = leave(appId, wish)
      return queue && (queue.waiting.at(-1)?.desiredState ?? queue.base)
    },

    /** The desired state that holds for the operation that runs now; undefined when none waits, and the record has it. */
    now: (appId: string): AppDesiredState | undefined => queues.get(appId)?.base,
  }
}
