import { randomUUID } from 'node:crypto'
import pLimit from 'p-limit'
import type { EntityManager } from '../db/orm.ts'
import { refuseIfCallerLeft } from '../caller-patience.ts'
import type { Clock } from '../clock.ts'
import { AppError, notFound } from '../errors.ts'
import type { Log } from '../log.ts'
import { oneAtATimePerKey } from '../one-at-a-time.ts'
import { takeRequest } from '../operation-request.ts'
import type { ComposeProblem } from './compose-problem.ts'
import { bounds, jsonBytes } from '../bounds.ts'
import { withLine, withWarning } from './operation-bounds.ts'
import { createOperationExecution, type AbortReason, type End, type Execution, type Task } from './operation-execution.ts'
import { createOperationRecords, type Alongside, type Unfinished } from './operation-records.ts'
import type { OperationInput } from './operations/operation-input.ts'
import { isFinal, type Operation, type OperationKind } from './operation.ts'

interface Entry extends Execution {
  task: Task
  input: OperationInput
  done: Promise<void>
}

/** An operation that brings the program down must not do so for ever. */
const mostResumes = 3

const cancelledEnd: End = { status: 'cancelled', error: 'Cancelled' }
const givenUp: End = {
  status: 'interrupted',
  error: `The node stopped each of the ${mostResumes + 1} times while this ran, so it was given up. Look into the node's log, then try again`,
}

export type Operations = ReturnType<typeof createOperations>

/**
 * Queues and runs this node's operations: one at a time per app, several apps at once. What was accepted is done: operations that
 * were not finished when the program ended, in order or not, go on at its next start.
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
  const { execute, endQueued, endUnfinished } = createOperationExecution({ ...deps, records })
  let stopping = false

  /** @throws SHUTTING_DOWN */
  function refuseWhenStopping(): void {
    if (stopping) throw new AppError('SHUTTING_DOWN', 'This node is stopping. Try again when it is back')
  }

  function enter(operation: Operation, input: OperationInput, task: Task): Entry {
    const entry = { operation, abort: new AbortController(), task, input, done: Promise.resolve() }
    active.set(operation.id, entry)
    return entry
  }

  function run(entry: Entry, carryOut = (): Promise<void> => execute(entry, entry.task)): void {
    const { operation } = entry
    deps.onChange({ ...operation })
    entry.done = perApp
      .run(operation.appId ?? operation.id, () => limit(carryOut))
      .catch((error: unknown) => log.error({ err: error, operation: operation.id }, 'operation could not be recorded'))
      .finally(() => active.delete(operation.id))
  }

  async function stopOne({ operation, abort, task }: Entry): Promise<void> {
    abort.abort('cancelled' satisfies AbortReason)
    // Otherwise a queued operation would stay queued until the app's earlier operations have ended.
    if (operation.status === 'queued') return endQueued({ operation, abort }, operation.startedAt === null ? task.withdraw : undefined)
    await records.askCancel(operation.id).catch(() => undefined)
  }

  return {
    ...{ flush: records.flush, unfinished: records.unfinished, find: records.find, withInput: records.withInput },
    ...{ askCancelOf: records.askCancelOf, withKey: records.withKey, forgetKey: records.forgetKey },
    refuseWhenStopping,

    /**
     * Takes an operation up again that an earlier run of the program left unfinished. Ends it instead if it was cancelled, or if it was
     * running each time when the program ended.
     *
     * @param end how it ends because it cannot be done again; null if it can
     */
    async resume({ operation, resumed, cancelAsked }: Unfinished, input: OperationInput, task: Task, end: End | null): Promise<void> {
      const instead = end ?? (cancelAsked ? cancelledEnd : resumed >= mostResumes ? givenUp : null)
      if (instead) {
        const entry = enter(operation, input, task)
        return run(entry, () => endUnfinished(operation, instead, task))
      }
      const hasBegun = operation.startedAt !== null
      const again = hasBegun ? { progress: 0, output: withLine(operation.output, `The node stopped here. Starting over`) } : {}
      Object.assign(operation, again, { status: 'queued', message: null } satisfies Partial<Operation>)
      await records.resume(operation, resumed + (hasBegun ? 1 : 0))
      run(enter(operation, input, task))
    },

    /** Gives running operations `graceMs` to finish. What is then unfinished goes on at the next start. */
    async stop(graceMs: number): Promise<void> {
      stopping = true
      const cancelTimer = clock.after(graceMs, () => {
        for (const entry of active.values()) entry.abort.abort('shutdown' satisfies AbortReason)
      })
      for (const entry of active.values()) if (entry.operation.status === 'queued') entry.abort.abort('shutdown' satisfies AbortReason)
      await Promise.all([...active.values()].map(({ done }) => done)).finally(cancelTimer)
    },

    /** Records an action that `alongside` does in the same transaction, without waiting for the app's queue. */
    async note(kind: OperationKind, app: { id: string; name: string }, message: string, alongside?: Alongside): Promise<Operation> {
      const { id, key } = takeRequest()
      const operation = newOperation(kind, app, { nodeId: deps.nodeId, at: clock.now(), id })
      const at = operation.createdAt
      Object.assign(operation, { status: 'succeeded', progress: 100, message, startedAt: at, finishedAt: at } satisfies Partial<Operation>)
      await records.record(operation, alongside, key)
      deps.onChange({ ...operation })
      return operation
    },

    /**
     * Records an operation with its input, and carries it out when the app's earlier operations have ended. `alongside` writes in the
     * same transaction as the operation's record.
     */
    async enqueue(
      kind: OperationKind,
      app: { id: string; name: string } | null,
      input: OperationInput,
      task: Task,
      more: { warnings?: ComposeProblem[] | undefined; alongside?: Alongside | undefined } = {},
    ): Promise<Operation> {
      refuseIfCallerLeft()
      refuseWhenStopping()
      refuseTooLarge(input)
      const { id, key } = takeRequest()
      const given = { nodeId: deps.nodeId, at: clock.now(), id }
      const operation = { ...newOperation(kind, app, given), warnings: (more.warnings ?? []).reduce(withWarning, []) }
      const entry = enter(operation, input, task)
      try {
        await records.record(operation, more.alongside, { input, ...key })
      } catch (error) {
        active.delete(operation.id)
        throw error
      }
      run(entry)
      return { ...operation }
    },

    /** Cancels what runs or waits on this operation's app before it. A removal does that, except to another removal. */
    async cancelBefore({ id, appId }: Operation): Promise<void> {
      const others = [...active.values()].filter(({ operation }) => operation.appId === appId && operation.id !== id)
      // All at once, or what waits would start when what runs has ended.
      await Promise.all(others.filter(({ operation }) => operation.kind !== 'remove' && !isFinal(operation.status)).map(stopOne))
    },

    /** Cancels an operation. One that has ended stays as it is. */
    async cancel(id: string): Promise<Operation> {
      const entry = active.get(id)
      if (!entry) {
        const ended = await records.find(id)
        if (!ended) throw notFound('operation', id)
        return ended
      }
      await stopOne(entry)
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

/** @throws INVALID_INPUT. What is asked for is stored, and read again at each start until it is done */
function refuseTooLarge(input: OperationInput): void {
  const [bytes, most] = [jsonBytes(input), bounds.operation.input]
  if (bytes <= most) return
  const message = `has ${Math.ceil(bytes / 1024)} KiB. The maximum is ${most / 1024} KiB`
  throw new AppError('INVALID_INPUT', `What is asked of this operation ${message}`, { fields: [{ field: 'input', message }] })
}

const newOperation = (
  kind: OperationKind,
  app: { id: string; name: string } | null,
  { id = randomUUID(), nodeId, at }: { id: string | undefined; nodeId: string; at: Date },
): Operation => ({
  id,
  nodeId,
  kind,
  status: 'queued',
  progress: 0,
  message: null,
  output: [],
  warnings: [],
  error: null,
  appId: app?.id ?? null,
  appName: app?.name ?? null,
  createdAt: at,
  startedAt: null,
  finishedAt: null,
})
