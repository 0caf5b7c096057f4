import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import { withinBounds } from './operation-bounds.ts'
import type { Alongside, OperationRecords } from './operation-records.ts'
import { createOperationRun, type OperationRun } from './operation-run.ts'
import { isFinal, type Operation } from './operation.ts'

export type AbortReason = 'cancelled' | 'deadline' | 'shutdown'

export interface Execution {
  operation: Operation
  /** Aborts with an `AbortReason`. */
  abort: AbortController
}

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

  const runOf = ({ operation, abort }: Execution): OperationRun =>
    createOperationRun({
      operation,
      signal: abort.signal,
      onReport: () => void (isFinal(operation.status) || changed(operation, {}).catch(() => undefined)),
      clock,
    })

  async function execute(
    execution: Execution,
    { work, after }: { work: (run: OperationRun) => Promise<string | void>; after: (operation: Operation) => Promise<void> },
  ): Promise<void> {
    const { operation, abort } = execution
    if (isFinal(operation.status)) return after(operation)
    const deadline = clock.after(deps.deadlineMs, () => abort.abort('deadline' satisfies AbortReason))
    const started = performance.now()
    try {
      abort.signal.throwIfAborted()
      await changed(operation, { status: 'running', startedAt: clock.now() })
      const message = (await work(runOf(execution))) ?? 'Done'
      Object.assign(operation, { status: 'succeeded', progress: 100, message } satisfies Partial<Operation>)
    } catch (error) {
      Object.assign(operation, outcomeOf(abort.signal, error, deps.deadlineMs))
    }
    deadline()
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

  return {
    execute,

    /** Ends an aborted operation that has not started. */
    endQueued: ({ operation, abort }: Execution, alongside: (() => Alongside) | undefined): Promise<void> =>
      changed(operation, { ...outcomeOf(abort.signal, null, deps.deadlineMs), finishedAt: clock.now() }, alongside),
  }
}

function outcomeOf(signal: AbortSignal, error: unknown, deadlineMs: number): Pick<Operation, 'status' | 'error'> {
  if (!signal.aborted) return { status: 'failed', error: errorMessage(error) }
  switch (signal.reason as AbortReason) {
    case 'cancelled':
      return { status: 'cancelled', error: 'Cancelled' }
    case 'deadline':
      return { status: 'failed', error: `Did not finish within ${Math.round(deadlineMs / 1000)} s. OPERATION_TIMEOUT sets this limit` }
    case 'shutdown':
      return { status: 'interrupted', error: 'The node stopped before this was finished. Try again to finish it' }
  }
}
