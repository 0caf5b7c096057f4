import { randomUUID } from 'node:crypto'
import pLimit from 'p-limit'
import type { EntityManager } from '../db/orm.ts'
import { refuseIfCallerLeft } from '../caller-patience.ts'
import type { Clock } from '../clock.ts'
import { AppError, notFound } from '../errors.ts'
import type { Log } from '../log.ts'
import { oneAtATimePerKey } from '../one-at-a-time.ts'
import type { ComposeProblem } from './compose-problem.ts'
import { withWarning } from './operation-bounds.ts'
import { createOperationExecution, type AbortReason, type Execution } from './operation-execution.ts'
import { createOperationRecords, type Alongside } from './operation-records.ts'
import type { OperationInput } from './operations/operation-input.ts'
import type { OperationRun } from './operation-run.ts'
import { isFinal, type Operation, type OperationKind } from './operation.ts'

/** What an operation does. */
export interface Task {
  /** What is returned is the operation's final message. */
  work: (run: OperationRun) => Promise<string | void>
  /** Runs when the operation has ended, whatever the outcome, and before the app's next one starts. */
  after: (operation: Operation) => Promise<void>
  /** Called when it is cancelled before it started. What is returned is written in the same transaction as its end. */
  withdraw?: () => Alongside
}

interface Entry extends Execution {
  task: Task
  input: OperationInput
  done: Promise<void>
}

export type Operations = ReturnType<typeof createOperations>

/**
 * Queues and runs this node's operations: one at a time per app, several apps at once. Operations that were not finished when the
 * program ended become `interrupted` at the next start.
 */
export function createOperations(deps: {
  em: EntityManager
  nodeId: string
  clock: Clock
  log: Log
  deadlineMs: number
  parallel: number
  onChange: (operation: Operation) => void
}) {
  const { clock, log } = deps
  const limit = pLimit(deps.parallel)
  const active = new Map<string, Entry>()
  const perApp = oneAtATimePerKey()
  const records = createOperationRecords(deps)
  const { execute, endQueued } = createOperationExecution({ ...deps, records })
  let stopping = false

  /** @throws SHUTTING_DOWN */
  function refuseWhenStopping(): void {
    if (stopping) throw new AppError('SHUTTING_DOWN', 'This node is stopping. Try again when it is back')
  }

  return {
    refuseWhenStopping,

    /** Marks operations left unfinished by an earlier run of the program, and deletes the oldest beyond the limit. */
    start: (): Promise<Operation[]> => records.interruptUnfinished(),

    /** Gives running operations `graceMs` to finish, then ends them as interrupted. */
    async stop(graceMs: number): Promise<void> {
      stopping = true
      const cancelTimer = clock.after(graceMs, () => {
        for (const entry of active.values()) entry.abort.abort('shutdown' satisfies AbortReason)
      })
      for (const entry of active.values()) if (entry.operation.status === 'queued') entry.abort.abort('shutdown' satisfies AbortReason)
      await Promise.all([...active.values()].map((entry) => entry.done))
      cancelTimer()
    },

    /** Records an action that `alongside` does in the same transaction, without waiting for the app's queue. */
    async note(kind: OperationKind, app: { id: string; name: string }, message: string, alongside?: Alongside): Promise<Operation> {
      const operation = newOperation(kind, app, deps.nodeId, clock.now())
      const at = operation.createdAt
      Object.assign(operation, { status: 'succeeded', progress: 100, message, startedAt: at, finishedAt: at } satisfies Partial<Operation>)
      await records.record(operation, alongside)
      deps.onChange({ ...operation })
      return operation
    },

    /**
     * Records an operation with its input, and carries it out when the app's earlier operations have ended. `alongside` writes in the
     * same transaction as the operation's record.
     */
    async enqueue(
      kind: OperationKind,
      app: { id: string; name: string },
      input: OperationInput,
      task: Task,
      more: { warnings?: ComposeProblem[] | undefined; alongside?: Alongside | undefined } = {},
    ): Promise<Operation> {
      refuseIfCallerLeft()
      refuseWhenStopping()
      const operation = { ...newOperation(kind, app, deps.nodeId, clock.now()), warnings: (more.warnings ?? []).reduce(withWarning, []) }
      const entry: Entry = { operation, abort: new AbortController(), task, input, done: Promise.resolve() }
      active.set(operation.id, entry)
      try {
        await records.record(operation, more.alongside, { input })
      } catch (error) {
        active.delete(operation.id)
        throw error
      }
      deps.onChange({ ...operation })
      entry.done = perApp
        .run(app.id, () => limit(() => execute(entry, task)))
        .catch((error: unknown) => log.error({ err: error, operation: operation.id }, 'operation could not be recorded'))
        .finally(() => active.delete(operation.id))
      return { ...operation }
    },

    /** Saves what could not be saved earlier. */
    flush: (): Promise<void> => records.flush(),

    /** Cancels an operation. One that has ended stays as it is. */
    async cancel(id: string): Promise<Operation> {
      const entry = active.get(id)
      if (!entry) {
        const ended = await records.find(id)
        if (!ended) throw notFound('operation', id)
        return ended
      }
      entry.abort.abort('cancelled' satisfies AbortReason)
      // Otherwise a queued operation would stay queued until the app's earlier operations have ended.
      if (entry.operation.status === 'queued') {
        await endQueued(entry, entry.task.withdraw)
      }
      return { ...entry.operation }
    },

    /** The app's oldest operation that is queued or running. */
    activeOf(appId: string): Operation | undefined {
      for (const { operation } of active.values()) if (operation.appId === appId && !isFinal(operation.status)) return operation
      return undefined
    },

    /** The inputs of the app's operations that have not ended, oldest first. */
    inputsOf: (appId: string): OperationInput[] =>
      [...active.values()].flatMap(({ operation, input }) => (operation.appId === appId && !isFinal(operation.status) ? input : [])),

    /** Newest first. */
    async recent(count: number): Promise<Operation[]> {
      // Copied before the rows are read. An operation that ends in between is saved after its end was reported, so its row may still
      // say running, and nothing would correct that later.
      const before = new Map(active)
      const known = await records.recent(count)
      return known.map((operation) => before.get(operation.id)?.operation ?? operation)
    },
  }
}

const newOperation = (kind: OperationKind, app: { id: string; name: string }, nodeId: string, now: Date): Operation => ({
  id: randomUUID(),
  nodeId,
  kind,
  status: 'queued',
  progress: 0,
  message: null,
  output: [],
  warnings: [],
  error: null,
  appId: app.id,
  appName: app.name,
  createdAt: now,
  startedAt: null,
  finishedAt: null,
})
