import pLimit, { type LimitFunction } from 'p-limit'

/** Runs work one at a time, in order. Failed work does not hold up what follows. */
export const oneAtATime = (): LimitFunction => pLimit(1)

/** The same, separately for each key. A key is forgotten when its work is done. */
export function oneAtATimePerKey() {
  const queues = new Map<string, LimitFunction>()

  return {
    async run<T>(key: string, work: () => Promise<T>): Promise<T> {
      const queue = queues.get(key) ?? oneAtATime()
      queues.set(key, queue)
      try {
        return await queue(work)
      } finally {
        // Before another call can come in, so a key never has two queues.
        if (queue.activeCount + queue.pendingCount === 0) queues.delete(key)
      }
    },

    /** How many keys have work. */
    size: (): number => queues.size,
  }
}
