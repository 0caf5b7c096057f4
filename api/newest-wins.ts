import { AppError } from './errors.ts'

export type NewestWins = ReturnType<typeof createNewestWins>

/** For work whose result only matters until it is asked for again, such as a check while someone types: a newer run ends the older one. */
export function createNewestWins() {
  const running = new Map<string, AbortController>()

  /**
   * @param key says which runs replace each other
   * @param signal aborts when nobody waits any longer
   * @throws CONFLICT when a newer run replaced this one; whatever `work` throws
   */
  return async function run<T>(key: string, signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const own = new AbortController()
    running.get(key)?.abort()
    running.set(key, own)
    try {
      return await work(signal ? AbortSignal.any([own.signal, signal]) : own.signal)
    } catch (error) {
      if (own.signal.aborted) throw new AppError('CONFLICT', 'A newer request for the same replaced this one', { cause: error })
      throw error
    } finally {
      if (running.get(key) === own) running.delete(key)
    }
  }
}
