import type { Clock } from '../clock.ts'

/**
 * Runs `task` with a signal that aborts after `ms`, or when `outer` aborts.
 *
 * @throws whatever the task throws; after the deadline, an Error that names the time limit
 */
export async function withDeadline<T>(
  options: { clock: Clock; ms: number; outer?: AbortSignal },
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  const cancel = options.clock.after(options.ms, () => late.abort())
  try {
    return await task(options.outer ? AbortSignal.any([late.signal, options.outer]) : late.signal)
  } catch (error) {
    throw late.signal.aborted ? new Error(`no answer within ${options.ms / 1000} s`, { cause: error }) : error
  } finally {
    cancel()
  }
}
