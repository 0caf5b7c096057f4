import { randomUUID } from 'node:crypto'
import pLimit from 'p-limit'
import type { EntityManager } from '../db/orm.ts'
import { refuseIfCallerLeft } from '../caller-patience.ts'
import type { Clock } from '../clock.ts'
import { AppError, errorMessage, notFound } from '../errors.ts'
import type { Log } from '../log.ts'
import { oneAtATimePerKey } from '../one-at-a-time.ts'
import type { ComposeProblem } from './compose-problem.ts'
import { withinBounds, withLine, withWarning } from './operation-bounds.ts'
import { OperationEntity, operationOf } from './operation.entity.ts'
import { isFinal, type Operation, type OperationKind } from './operation.ts'

/** What an operation's work can report, and the signal it must obey. */
export interface OperationRun {
  /** Aborts on cancel, at the deadline and on shutdown. */
  signal: AbortSignal
  /** Adds one line of output. */
  line(text: string): void
  /** Adds a warning that does not stop the operation. Repeated warnings are kept once. */
  warn(warning: ComposeProblem): void
  step(progress: number, message: string): void
}

/** Writes something of an operation's app within a transaction. */
export type Alongside = (transaction: EntityManager) => Promise<unknown>

type AbortReason = 'cancelled' | 'deadline' | 'shutdown'

interface Entry {
  operation: Operation
  /** Exact value; `operation.progress` is rounded down. */
  progress: number
  abort: AbortController
  /** Called when it is cancelled before it started. What is returned is written in the same transaction as its end. */
  withdraw: (() => Alongside) | undefined
  done: Promise<void>
}

const keptOperations = 1000
/** Output goes to readers and the database in batches, because an image pull prints hundreds of lines per second. */
const bundleMs = 150

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
  const { em, clock, log } = deps
  const limit = pLimit(deps.parallel)
  const active = new Map<string, Entry>()
  const perApp = oneAtATimePerKey()
  const bundled = new Set<string>()
  /** Operations that could not be saved, for example because the disk is full. Their rows in the database are out of date. */
  const unsaved = new Map<string, Operation>()
  let stopping = false

  /** @throws SHUTTING_DOWN */
  function refuseWhenStopping(): void {
    if (stopping) throw new AppError('SHUTTING_DOWN', 'This node is stopping. Try again when it is back')
  }

  const newOperation = (kind: OperationKind, app: { id: string; name: string }): Operation => ({
    id: randomUUID(),
    nodeId: deps.nodeId,
    kind,
    status: 'queued',
    progress: 0,
    message: null,
    output: [],
    warnings: [],
    error: null,
    appId: app.id,
    appName: app.name,
    createdAt: clock.now(),
    startedAt: null,
    finishedAt: null,
  })

  async function save(operation: Operation, transaction: EntityManager = em.fork()): Promise<void> {
    const { nodeId: _, ...row } = operation
    await transaction.upsert(OperationEntity, row)
  }

  /** Saves a new operation and what `alongside` writes in one transaction. */
  const record = (operation: Operation, alongside?: Alongside): Promise<void> =>
    em.fork().transactional(async (transaction) => {
      await alongside?.(transaction)
      await save(operation, transaction)
    })

  /** @throws when it cannot be saved now; a later `flush` tries again */
  async function keep(operation: Operation, alongside?: Alongside): Promise<void> {
    unsaved.set(operation.id, operation)
    await (alongside ? record(operation, alongside) : save(operation))
    unsaved.delete(operation.id)
  }

  function changed(entry: Entry, patch: Partial<Operation>, more?: () => Alongside): Promise<void> {
    Object.assign(entry.operation, withinBounds({ ...entry.operation, ...patch }))
    const alongside = more?.()
    deps.onChange({ ...entry.operation })
    return keep(entry.operation, alongside)
  }

  function bundle(entry: Entry): void {
    const { id } = entry.operation
    if (bundled.has(id)) return
    bundled.add(id)
    clock.after(bundleMs, () => {
      bundled.delete(id)
      if (isFinal(entry.operation.status)) return
      changed(entry, {}).catch(() => undefined)
    })
  }

  function runOf(entry: Entry, signal: AbortSignal): OperationRun {
    return {
      signal,
      line(text) {
        entry.operation.output = withLine(entry.operation.output, text)
        // The number of lines is unknown, so each line adds a small part of what is left. A long build never looks finished.
        entry.progress += Math.max(0, 90 - entry.progress) / 40
        entry.operation.progress = Math.floor(entry.progress)
        bundle(entry)
      },
      warn(warning) {
        entry.operation.warnings = withWarning(entry.operation.warnings, warning)
        bundle(entry)
      },
      step(progress, message) {
        entry.progress = progress
        Object.assign(entry.operation, { progress, message })
        bundle(entry)
      },
    }
  }

  async function execute(
    entry: Entry,
    work: (run: OperationRun) => Promise<string | void>,
    after: (operation: Operation) => Promise<void>,
  ): Promise<void> {
    const { operation, abort } = entry
    if (isFinal(operation.status)) return after(operation)
    const deadline = clock.after(deps.deadlineMs, () => abort.abort('deadline' satisfies AbortReason))
    const started = performance.now()
    try {
      abort.signal.throwIfAborted()
      await changed(entry, { status: 'running', startedAt: clock.now() })
      const message = (await work(runOf(entry, abort.signal))) ?? 'Done'
      Object.assign(operation, { status: 'succeeded', progress: 100, message } satisfies Partial<Operation>)
    } catch (error) {
      Object.assign(operation, outcomeOf(abort.signal, error, deps.deadlineMs))
    }
    deadline()
    operation.finishedAt = clock.now()
    // Runs before the end is reported, so a client that waits for the end and then reads the app sees the result.
    await after(operation).catch((error: unknown) => log.error({ err: error, operation: operation.id }, 'app could not be updated'))
    try {
      await changed(entry, {})
    } finally {
      const { id, kind, status, appName, error } = operation
      const facts = { operation: id, kind, app: appName, status, duration_ms: Math.round(performance.now() - started) }
      if (status === 'succeeded') log.info(facts, 'operation finished')
      else log.warn({ ...facts, error }, 'operation did not succeed')
    }
  }

  return {
    refuseWhenStopping,

    /** Marks operations left unfinished by an earlier run of the program, and deletes the oldest beyond the limit. */
    async start(): Promise<Operation[]> {
      const fork = em.fork()
      const unfinished = await fork.find(OperationEntity, { status: { $in: ['queued', 'running'] } })
      for (const row of unfinished) {
        row.status = 'interrupted'
        row.error = 'The node stopped before this was finished. Try again to finish it'
        row.finishedAt = clock.now()
      }
      await fork.flush()
      const oldestKept = await fork.find(OperationEntity, {}, { orderBy: { createdAt: 'desc' }, offset: keptOperations, limit: 1 })
      if (oldestKept[0]) await fork.nativeDelete(OperationEntity, { createdAt: { $lte: oldestKept[0].createdAt } })
      return unfinished.map((row) => operationOf(row, deps.nodeId))
    },

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
      const operation = newOperation(kind, app)
      const at = operation.createdAt
      Object.assign(operation, { status: 'succeeded', progress: 100, message, startedAt: at, finishedAt: at } satisfies Partial<Operation>)
      await record(operation, alongside)
      deps.onChange({ ...operation })
      return operation
    },

    /**
     * Records an operation and runs `work` when the app's earlier operations have ended. The result of `work` is the final message.
     * `after` runs when the operation has ended, whatever the outcome, and before the app's next one starts. `alongside` writes in
     * the same transaction as the operation's record. `withdraw` is called when the operation is cancelled before it started, and
     * returns what to write in the same transaction as its end.
     */
    async enqueue(
      kind: OperationKind,
      app: { id: string; name: string },
      work: (run: OperationRun) => Promise<string | void>,
      after: (operation: Operation) => Promise<void>,
      more: { warnings?: ComposeProblem[]; alongside?: Alongside; withdraw?: () => Alongside } = {},
    ): Promise<Operation> {
      refuseIfCallerLeft()
      refuseWhenStopping()
      const operation = { ...newOperation(kind, app), warnings: (more.warnings ?? []).reduce(withWarning, []) }
      const { withdraw } = more
      const entry: Entry = { operation, progress: 0, abort: new AbortController(), withdraw, done: Promise.resolve() }
      active.set(operation.id, entry)
      try {
        await record(operation, more.alongside)
      } catch (error) {
        active.delete(operation.id)
        throw error
      }
      deps.onChange({ ...operation })
      entry.done = perApp
        .run(app.id, () => limit(() => execute(entry, work, after)))
        .catch((error: unknown) => log.error({ err: error, operation: operation.id }, 'operation could not be recorded'))
        .finally(() => active.delete(operation.id))
      return { ...operation }
    },

    /** Saves what could not be saved earlier. */
    async flush(): Promise<void> {
      for (const operation of unsaved.values()) await keep(operation)
    },

    /** Cancels an operation. One that has ended stays as it is. */
    async cancel(id: string): Promise<Operation> {
      const entry = active.get(id)
      if (!entry) {
        const row = await em.fork().findOne(OperationEntity, { id })
        if (!row) throw notFound('operation', id)
        return { ...(unsaved.get(id) ?? operationOf(row, deps.nodeId)) }
      }
      entry.abort.abort('cancelled' satisfies AbortReason)
      // Otherwise a queued operation would stay queued until the app's earlier operations have ended.
      if (entry.operation.status === 'queued') {
        await changed(entry, { ...outcomeOf(entry.abort.signal, null, deps.deadlineMs), finishedAt: clock.now() }, entry.withdraw)
      }
      return { ...entry.operation }
    },

    /** The app's oldest operation that is queued or running. */
    activeOf(appId: string): Operation | undefined {
      for (const { operation } of active.values()) if (operation.appId === appId && !isFinal(operation.status)) return operation
      return undefined
    },

    /** Newest first. */
    async recent(count: number): Promise<Operation[]> {
      // Copied before the rows are read. An operation that ends in between is saved after its end was reported, so its row may still
      // say running, and nothing would correct that later.
      const before = new Map(active)
      const rows = await em.fork().find(OperationEntity, {}, { orderBy: { createdAt: 'desc' }, limit: count })
      return rows.map((row) => before.get(row.id)?.operation ?? unsaved.get(row.id) ?? operationOf(row, deps.nodeId))
    },
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
