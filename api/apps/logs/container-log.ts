import { maxInt } from '../../bounds.ts'
import type { Clock } from '../../clock.ts'
import type { ContainerDetails, EngineLogs, LogPlace } from '../../docker/engine.types.ts'
import { AppError } from '../../errors.ts'
import { backoffMs } from '../../retry.ts'
import type { LogBatch, LogPosition, LogRange } from './log-line.ts'
import { createLogLimit, createLogMarks, resumeTime } from './log-marks.ts'
import { createSharedLog } from './shared-log.ts'

const retryWaits = { firstMs: 500, longestMs: 10_000 }
/** How soon to look again at a container that is being removed. */
const goingMs = 500
/** A container that restarts in a loop is not followed faster than this. */
const restartMs = 100

export interface ContainerLogDeps {
  logs: EngineLogs
  /** Null when the container is gone. */
  details: (containerId: string) => Promise<Pick<ContainerDetails, 'state' | 'startedAt'> | null>
  /** Resolves when containers have changed, or at the abort. */
  containersChanged: (signal: AbortSignal) => Promise<void>
  /** Whether so many bytes may be decoded now. Lines beyond that are counted. */
  spend: (bytes: number) => boolean
  clock: Clock
}

interface Of {
  id: string
  service: string | null
}

/**
 * The Engine finds the last lines of a log at once, but it reads all of a log to find a time, which takes seconds for each 100 MB. So
 * whoever goes on somewhere reads from the end first, then from further back, until that joins. Null: from the time.
 */
const tails = [1000, 50_000, 500_000, null] as const

/** Reads the log of one container, as far as the range says. */
export async function* readContainer(deps: ContainerLogDeps, of: Of, range: LogRange, signal: AbortSignal): AsyncGenerator<LogBatch> {
  const { after, tail, since } = range
  if (!after || after.length === 0) return yield* readFrom(deps, of, range, { tail, since, joins: () => true }, signal)
  const from = resumeTime(after)
  const seen = createLogMarks(after)
  // Lines in the nanosecond of the last one are not told apart when the first of them were not read.
  const isBefore = (position: LogPosition): boolean => seen.knows(position) && !seen.isBeyond({ ...position, nth: maxInt })
  const joins = (first: LogPosition): boolean => from === null || (first.at !== null && first.at <= from) || isBefore(first)
  for (const most of tails) {
    const start = most === null ? { tail: null, since: from, joins: () => true } : { tail: most, since: null, joins }
    if (yield* readFrom(deps, of, range, start, signal)) return
  }
}

interface Start {
  tail: number | null
  since: string | null
  /** Whether nothing is missing if this is the first line. */
  joins: (first: LogPosition) => boolean
}

/** @returns false when it does not join; then nothing was read */
async function* readFrom(
  { logs, spend }: ContainerLogDeps,
  of: Of,
  { after, upTo, follow }: LogRange,
  { tail, since, joins }: Start,
  signal: AbortSignal,
): AsyncGenerator<LogBatch, boolean> {
  const seen = createLogMarks(after ?? [])
  const oldest = after ? resumeTime(after) : null
  const limit = upTo && createLogLimit(upTo.filter(({ container }) => container === of.id))
  const placed = (place: LogPlace): LogPosition => ({ ...place, container: of.id })
  const apart = new AbortController()
  const enough = new AbortController()
  let isFirst = true

  function choose(place: LogPlace, bytes: number): 'read' | 'count' | 'ignore' {
    const position = placed(place)
    if (isFirst && !joins(position)) apart.abort()
    isFirst = false
    if (apart.signal.aborted || !seen.isBeyond(position)) return 'ignore'
    if (oldest !== null && position.at !== null && position.at < oldest) return 'ignore'
    if (limit && !limit.allows(position)) {
      // Whoever writes quickly never lets a reader reach the end.
      if (limit.isOver(position)) enough.abort()
      return 'ignore'
    }
    return !follow || spend(bytes) ? 'read' : 'count'
  }

  const options = { follow, tail, since, choose }
  for await (const { lines, skipped, passed } of logs.read(of.id, options, AbortSignal.any([signal, apart.signal, enough.signal]))) {
    yield {
      lines: lines.map((line) => ({ ...line, container: of.id, service: of.service })),
      skipped,
      passed: passed.map(placed),
    }
  }
  return !apart.signal.aborted
}

/** The log of one container, followed once and through its restarts, until it is removed. */
export function createContainerLog(deps: ContainerLogDeps, of: Of, onClosed: () => void) {
  const { clock } = deps
  let failures = 0
  /** When the run started whose end was read. */
  let readRun: number | null = null

  const wait = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => {
      const done = (): void => {
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = clock.after(ms, done)
      signal.addEventListener('abort', done)
    })

  /** Waits until there is something new to read. */
  async function nextRun(signal: AbortSignal): Promise<'again' | 'over'> {
    for (;;) {
      if (signal.aborted) return 'over'
      const changed = deps.containersChanged(signal)
      const now = await deps.details(of.id)
      if (now === null) return 'over'
      const startedAt = now.startedAt?.getTime() ?? null
      const isRunning = now.state === 'running' || now.state === 'paused'
      if (isRunning || startedAt !== readRun) {
        readRun = isRunning ? null : startedAt
        await wait(restartMs, signal)
        return 'again'
      }
      // Between its end and its removal Docker reports nothing more.
      await (isGoing(now.state) ? Promise.race([changed, wait(goingMs, signal)]) : changed)
    }
  }

  return createSharedLog({
    clock,
    onClosed,
    read: (range, signal) => readContainer(deps, of, range, signal),
    async onEnd(failure, signal) {
      if (failure instanceof AppError && failure.code === 'NOT_FOUND') return 'over'
      if (failure instanceof AppError && failure.code === 'NOT_SUPPORTED') throw failure
      try {
        if (failure === null) {
          const next = await nextRun(signal)
          failures = 0
          return next
        }
      } catch {
        // The Engine does not answer. It is asked again.
      }
      await wait(backoffMs(retryWaits, failures), signal)
      failures += 1
      return 'again'
    },
  })
}

const isGoing = (state: ContainerDetails['state']): boolean => state === 'removing' || state === 'dead'
