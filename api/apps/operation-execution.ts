import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import { withinBounds } from './operation-bounds.ts'
import type { Alongside, OperationRecords } from './operation-records.ts'
import { createOperationRun, type OperationRun } from './operation-run.ts'
import { isFinal, type Operation } from './operation.ts'

export type AbortReason = 'cancelled' | 'deadline' | 'endless' | 'shutdown'

export interface Execution {
  operation: Operation
  /** Aborts with an `AbortReason`. */
  abort: AbortController
}

/** How an operation ends. */
export type End = Pick<Operation, 'status'> & Partial<Pick<Operation, 'error' | 'message' | 'progress'>>

/** Hides an app's secrets in a text. */
type Mask = (text: string) => string

/** What an operation does. */
export interface Task {
  /** What is returned is the operation's final message. */
  work: (run: OperationRun) => Promise<string | void>
  /** Runs when the operation has ended, whatever the outcome, and before the app's next one starts. */
  after: (operation: Operation) => Promise<void>
  /** What hides the app's secrets in everything that the operation says. */
  mask?: () => Promise<Mask>
  /** Called when it is cancelled before it started. What is returned is written in the same transaction as its end. */
  withdraw?: () => Alongside
}

/** What is waited for has a deadline of its own, but that does not count while Docker is away. */
const longestWaitMs = 24 * 3_600_000

/** Runs the work of one operation to its end: deadline, progress, outcome. */
export function createOperationExecution(deps: {
  records: OperationRecords
  clock: Clock
  log: Log
  deadlineMs: number
  onChange: (operation: Operation) => void
}) {
  const { records, clock, log } = deps

  function changed(operation: Operation, patch: Partial<Operation>, more?: () => Alongside): Promise<void> {
    Object.assign(operation, withinBounds({ ...operation, ...patch }))
    const alongside = more?.()
    deps.onChange({ ...operation })
    return records.keep(operation, alongside)
  }

  const runOf = ({ operation, abort }: Execution, more: Pick<OperationRun, 'withoutDeadline'> & { mask: Mask }): OperationRun =>
    createOperationRun({
      operation,
      signal: abort.signal,
      onReport: () => void (isFinal(operation.status) || changed(operation, {}).catch(() => undefined)),
      clock,
      ...more,
    })

  /** Aborts at the deadline, which can be suspended, but not for ever. */
  function createDeadline({ abort }: Execution) {
    const abortAfter = (ms: number, reason: AbortReason): (() => void) => clock.after(ms, () => abort.abort(reason))
    let cancel = abortAfter(deps.deadlineMs, 'deadline')
    let isOver = false
    return {
      end(): void {
        isOver = true
        cancel()
      },
      async without<T>(wait: () => Promise<T>): Promise<T> {
        cancel()
        if (!isOver) cancel = abortAfter(longestWaitMs, 'endless')
        return wait().finally(() => {
          cancel()
          if (!isOver) cancel = abortAfter(deps.deadlineMs, 'deadline')
        })
      },
    }
  }

  async function execute(execution: Execution, { work, after, mask: askMask }: Task): Promise<void> {
    const { operation, abort } = execution
    if (isFinal(operation.status)) return after(operation)
    // It stays queued, and the next run of the program does it.
    if (isShutdown(abort.signal)) return
    const deadline = createDeadline(execution)
    const started = performance.now()
    let mask: Mask = (text) => text
    try {
      abort.signal.throwIfAborted()
      mask = (await askMask?.()) ?? mask
      mask = (await askMask?.()) ?? mask
      await changed(operation, { status: 'running', startedAt: operation.startedAt ?? clock.now() })
      const message = mask((await work(runOf(execution, { withoutDeadline: deadline.without, mask }))) ?? 'Done')
      Object.assign(operation, { status: 'succeeded', progress: 100, message } satisfies Partial<Operation>)
    } catch (error) {
      if (isShutdown(abort.signal)) return await suspended(operation).finally(deadline.end)
      Object.assign(operation, outcomeOf(abort.signal, mask(errorMessage(error)), deps.deadlineMs))
    }
    deadline.end()
    operation.finishedAt = clock.now()
    // Runs before the end is reported, so a client that waits for the end and then reads the app sees the result.
    await after(operation).catch((error: unknown) => log.error({ err: error, operation: operation.id }, 'app could not be updated'))
    try {
      await changed(operation, {})
    } finally {
      const { id, kind, status, appName, error } = operation
      const facts = { operation: id, kind, app: appName, status, duration_ms: Math.round(performance.now() - started) }
      if (status === 'succeeded') log.info(facts, 'operation finished')
      else log.warn({ ...facts, error }, 'operation did not succeed')
    }
  }

  /** The next run of the program takes it up again. */
  async function suspended(operation: Operation): Promise<void> {
    await changed(operation, { status: 'queued', message: 'The node stopped. This goes on when it is back' })
    log.info({ operation: operation.id, kind: operation.kind, app: operation.appName }, 'operation goes on at the next start')
  }

  return {
    execute,

    /** Ends an aborted operation that has not started. */
    endQueued: ({ operation, abort }: Execution, alongside: (() => Alongside) | undefined): Promise<void> =>
      changed(operation, { ...outcomeOf(abort.signal, '', deps.deadlineMs), finishedAt: clock.now() }, alongside),

    /** Ends one that is not done (again), as it is. */
    async endUnfinished(operation: Operation, end: End, { after }: Task): Promise<void> {
      Object.assign(operation, end, { finishedAt: clock.now() })
      await after(operation).catch((error: unknown) => log.error({ err: error, operation: operation.id }, 'app could not be updated'))
      await changed(operation, {})
    },
  }
}

function outcomeOf(signal: AbortSignal, error: string, deadlineMs: number): Pick<Operation, 'status' | 'error'> {
  if (!signal.aborted) return { status: 'failed', error }
  switch (signal.reason as Exclude<AbortReason, 'shutdown'>) {
    case 'cancelled':
      return { status: 'cancelled', error: 'Cancelled' }
    case 'endless':
      return { status: 'failed', error: 'Did not end within 24 h. Check whether Docker runs, then try again' }
    case 'deadline':
      return { status: 'failed', error: `Did not finish within ${Math.round(deadlineMs / 1000)} s. OPERATION_TIMEOUT sets this limit` }
  }
}

const isShutdown = ({ aborted, reason }: AbortSignal): boolean => aborted && (reason as AbortReason) === 'shutdown'
