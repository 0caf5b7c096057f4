import { oneAtATime } from './one-at-a-time.ts'

/**
 * Writes collected changes, one batch after another. A batch that could not be written is given back and joins the next one.
 *
 * @param deps.take removes and returns what has been collected; null if there is nothing
 * @returns a function that writes the next batch. With nothing to write, it waits for the batch that is being written. It throws
 *   when the write fails
 */
export function createBatches<T>(deps: { take: () => T | null; write: (batch: T) => Promise<void>; giveBack: (batch: T) => void }) {
  const queue = oneAtATime()
  let underWay = Promise.resolve()

  return function flush(): Promise<void> {
    const batch = deps.take()
    if (batch === null) return underWay
    const written = queue(() => deps.write(batch)).catch((error: unknown) => {
      deps.giveBack(batch)
      throw error
    })
    const ended = (): void => {
      if (underWay === written) underWay = Promise.resolve()
    }
    underWay = written
    written.then(ended, ended)
    return written
  }
}
