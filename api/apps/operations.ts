import { randomUUID } from 'node:crypto'
import pLimit from 'p-limit'
import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import { AppError, errorMessage, notFound } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ComposeProblem } from './compose-problem.ts'
import { withinBounds, withLine, withWarning } from './operation-bounds.ts'
import { OperationEntity, operationOf } from './operation.entity.ts'
import { isFinal, type Operation, type OperationKind } from './operation.ts'

/** What the work of an operation may say and must heed. */
export interface OperationRun {
  /** Aborts on cancel, at the deadline and at shutdown. */
  signal: AbortSignal
  /** One line of output. */
  line(text: string): void
  /** What somebody should know although the operation goes on; each once. */
  warn(warning: ComposeProblem): void
  step(progress: number, message: string): void
}

/** Writes something of an operation's app within a transaction. */
export type Alongside = (transaction: EntityManager) => Promise<unknown>

type AbortReason = 'cancelled' | 'deadline' | 'shutdown'

interface Entry {
  operation: Operation
  /** Finer than the whole numbers that are shown. */
  progress: number
  abort: AbortController
  done: Promise<void>
}

const keptOperations = 1000
/** Output reaches readers and the database in bundles: an image pull prints hundreds of lines per second. */
const bundleMs = 150

export type Operations = ReturnType<typeof createOperations>

/**
 * Queues and runs the operations of this node: one at a time per app, several apps at once. What was running when the
 * program ended is `interrupted` at the next start.
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
  const lastOfApp = new Map<string, Promise<void>>()
  const bundled = new Set<string>()
  /** What the database could not take, such as on a full disk; what it says of these is old. */
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

  /** Writes a new operation and what belongs to it: both or neither. */
  const record = (operation: Operation, alongside?: Alongside): Promise<void> =>
    em.fork().transactional(async (transaction) => {
      await alongside?.(transaction)
      await save(operation, transaction)
    })

  /** @throws when it cannot be written now; it will be with the next `flush` that can */
  async function keep(operation: Operation): Promise<void> {
    unsaved.set(operation.id, operation)
    await save(operation)
    unsaved.delete(operation.id)
  }

  function changed(entry: Entry, patch: Partial<Operation>): Promise<void> {
    Object.assign(entry.operation, withinBounds({ ...entry.operation, ...patch }))
    deps.onChange({ ...entry.operation })
    return keep(entry.operation)
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
        // How many are to come is not known, so each goes a small part of what is left: a long build never looks finished.
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
    // Before the end is told: whoever waited for it and then asks for the app sees what the operation made of it.
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

    /** Marks what a former run of the program left unfinished, and forgets the oldest beyond what is kept. */
    async start(): Promise<Operation[]> {
      const fork = em.fork()
      const unfinished = await fork.find(OperationEntity, { status: { $in: ['queued', 'running'] } })
      for (const row of unfinished) {
        row.status = 'interrupted'
        row.error = 'The node was stopped while this was under way. Do it again to finish it.'
        row.finishedAt = clock.now()
      }
      await fork.flush()
      const oldestKept = await fork.find(OperationEntity, {}, { orderBy: { createdAt: 'desc' }, offset: keptOperations, limit: 1 })
      if (oldestKept[0]) await fork.nativeDelete(OperationEntity, { createdAt: { $lte: oldestKept[0].createdAt } })
      return unfinished.map((row) => operationOf(row, deps.nodeId))
    },

    /** Lets what is under way finish for `graceMs`, then ends it as interrupted. */
    async stop(graceMs: number): Promise<void> {
      stopping = true
      const cancelTimer = clock.after(graceMs, () => {
        for (const entry of active.values()) entry.abort.abort('shutdown' satisfies AbortReason)
      })
      for (const entry of active.values()) if (entry.operation.status === 'queued') entry.abort.abort('shutdown' satisfies AbortReason)
      await Promise.all([...active.values()].map((entry) => entry.done))
      cancelTimer()
    },

    /** Records something that is done at once by `alongside`, without waiting for the app's turn: nothing of it runs. Both or neither. */
    async note(kind: OperationKind, app: { id: string; name: string }, message: string, alongside?: Alongside): Promise<Operation> {
      const operation = newOperation(kind, app)
      const at = operation.createdAt
      Object.assign(operation, { status: 'succeeded', progress: 100, message, startedAt: at, finishedAt: at } satisfies Partial<Operation>)
      await record(operation, alongside)
      deps.onChange({ ...operation })
      return operation
    },

    /**
     * Records an operation and runs `work` when the app's earlier operations are over. What `work` answers is the last message.
     * `after` runs when it ended, whatever the outcome, before the app's next operation starts. `alongside` writes what belongs to
     * it: both or neither.
     */
    async enqueue(
      kind: OperationKind,
      app: { id: string; name: string },
      work: (run: OperationRun) => Promise<string | void>,
      after: (operation: Operation) => Promise<void>,
      more: { warnings?: ComposeProblem[]; alongside?: Alongside } = {},
    ): Promise<Operation> {
      refuseWhenStopping()
      const operation = { ...newOperation(kind, app), warnings: (more.warnings ?? []).reduce(withWarning, []) }
      const entry: Entry = { operation, progress: 0, abort: new AbortController(), done: Promise.resolve() }
      active.set(operation.id, entry)
      try {
        await record(operation, more.alongside)
      } catch (error) {
        active.delete(operation.id)
        throw error
      }
      deps.onChange({ ...operation })
      const before = lastOfApp.get(app.id) ?? Promise.resolve()
      entry.done = before
        .then(() => limit(() => execute(entry, work, after)))
        .catch((error: unknown) => log.error({ err: error, operation: operation.id }, 'operation could not be recorded'))
        .finally(() => {
          active.delete(operation.id)
          if (lastOfApp.get(app.id) === entry.done) lastOfApp.delete(app.id)
        })
      lastOfApp.set(app.id, entry.done)
      return { ...operation }
    },

    /** Writes what could not be written before. */
    async flush(): Promise<void> {
      for (const operation of unsaved.values()) await keep(operation)
    },

    /** Ends an operation that is not over yet; one that is over stays as it is. */
    async cancel(id: string): Promise<Operation> {
      const entry = active.get(id)
      if (!entry) {
        const row = await em.fork().findOne(OperationEntity, { id })
        if (!row) throw notFound('operation', id)
        return { ...(unsaved.get(id) ?? operationOf(row, deps.nodeId)) }
      }
      entry.abort.abort('cancelled' satisfies AbortReason)
      // One that waits would otherwise be shown as waiting until the app's earlier operations are over.
      if (entry.operation.status === 'queued') {
        await changed(entry, { ...outcomeOf(entry.abort.signal, null, deps.deadlineMs), finishedAt: clock.now() })
      }
      return { ...entry.operation }
    },

    /** The operation that an app is waiting for or running now; of several the oldest. */
    activeOf(appId: string): Operation | undefined {
      for (const { operation } of active.values()) if (operation.appId === appId && !isFinal(operation.status)) return operation
      return undefined
    },

    /** The newest first. */
    async recent(count: number): Promise<Operation[]> {
      // Before the rows are read: one that ends meanwhile is saved after its end was told, and would be shown as running for ever.
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
      return { status: 'failed', error: `Did not finish within ${Math.round(deadlineMs / 1000)} s (setting OPERATION_TIMEOUT)` }
    case 'shutdown':
      return { status: 'interrupted', error: 'The node was stopped while this was under way. Do it again to finish it.' }
  }
}
