import type { Clock } from '../../clock.ts'
import type { ContainerDetails, EngineLogs, LogPlace } from '../../docker/engine.types.ts'
import { AppError } from '../../errors.ts'
import { backoffMs } from '../../retry.ts'
import type { LogBatch, LogPosition, LogRange } from './log-line.ts'
import { createLogMarks, resumeTime } from './log-marks.ts'
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

/** Reads the log of one container, as far as the range says. */
export async function* readContainer({ logs, spend }: ContainerLogDeps, of: Of, range: LogRange, signal: AbortSignal) {
  const { after, upTo, follow } = range
  const seen = createLogMarks(after ?? [])
  const limit = upTo && createLogMarks(upTo)
  const placed = (place: LogPlace): LogPosition => ({ ...place, container: of.id })
  const options = {
    follow,
    // The Engine cuts before lines are left out here.
    tail: after ? null : range.tail,
    since: after ? resumeTime(after) : range.since,
    choose(place: LogPlace, bytes: number) {
      const position = placed(place)
      if (!seen.isBeyond(position)) return 'ignore' as const
      if (limit && (!limit.knows(position) || limit.isBeyond(position))) return 'ignore' as const
      return !follow || spend(bytes) ? ('read' as const) : ('count' as const)
    },
  }
  for await (const { lines, skipped, passed } of logs.read(of.id, options, signal)) {
    const batch: LogBatch = {
      lines: lines.map((line) => ({ ...line, container: of.id, service: of.service })),
      skipped,
      passed: passed.map(placed),
    }
    yield batch
  }
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
