import { asError } from '../../errors.ts'
import type { LogBatch, LogPosition, LogRange } from './log-line.ts'
import { resumePositions } from './log-marks.ts'

/** Reads the end of a log, then follows it, again and again, until it is over. */
export function createFollowing(deps: {
  read: (range: LogRange, signal: AbortSignal) => AsyncIterable<LogBatch>
  /** Whether `read` says which batch is the last of what was there, so that one reading brings that and goes on. */
  tellsPast: boolean
  onEnd: (failure: Error | null, signal: AbortSignal) => Promise<'again' | 'over'>
  take: (batch: LogBatch) => void
  /** How far it was read. */
  reached: () => LogPosition[]
  onOver: (failure: Error | null) => void
  signal: AbortSignal
}) {
  const { signal } = deps

  /** @param begun what is followed already */
  async function follow(begun: AsyncIterable<LogBatch> | null): Promise<void> {
    let failure: Error | null = null
    let batches = begun
    try {
      for (let next: 'again' | 'over' = 'again'; next === 'again' && !signal.aborted;) {
        batches ??= deps.read({ tail: null, since: null, after: resumePositions(deps.reached()), upTo: null, follow: true }, signal)
        const broken = await takeAll(batches)
        batches = null
        if (signal.aborted) return
        next = await deps.onEnd(broken, signal)
      }
    } catch (error) {
      failure = asError(error)
    }
    if (!signal.aborted) deps.onOver(failure)
  }

  /** @returns why it failed; null when it ended by itself */
  async function takeAll(batches: AsyncIterable<LogBatch>): Promise<Error | null> {
    try {
      for await (const batch of batches) deps.take(batch)
      return null
    } catch (error) {
      return asError(error)
    }
  }

  /** Resolves when what was there is read. @returns how many lines that were */
  return async function begin(tail: number): Promise<number> {
    const range: LogRange = { tail, since: null, after: null, upTo: null, follow: deps.tellsPast }
    const batches = deps.read(range, signal)[Symbol.asyncIterator]()
    let count = 0
    for (let isPast = true; isPast;) {
      const next = await batches.next()
      if (next.done) break
      deps.take(next.value)
      count += next.value.lines.length
      isPast = !(range.follow && next.value.isLastOfPast)
    }
    void follow(range.follow ? { [Symbol.asyncIterator]: () => batches } : null)
    return count
  }
}
