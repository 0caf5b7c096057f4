import { bounds, cut } from '../bounds.ts'
import type { Engine } from '../docker/engine.types.ts'
import { AppError, notFound } from '../errors.ts'
import { AppEntity, type AppRow } from './app.entity.ts'
import type { App, AppDesiredState } from './app.ts'
import type { AppRecords } from './app-records.ts'
import type { AppViews } from './app-views.ts'
import type { ComposeProblem } from './compose-problem.ts'
import type { ContainerWatch } from './container-watch.ts'
import { failureWords, isWithdrawn, type Operation, type OperationKind } from './operation.ts'
import type { Alongside } from './operation-records.ts'
import type { OperationInput } from './operations/operation-input.ts'
import type { Runners } from './operations/runners.ts'
import type { Operations, Task } from './operations.ts'
import { createWishes, type Wish } from './wishes.ts'

export interface AppOperation {
  app: App
  operation: Operation
}

/** The desired state that an operation of this kind brings with it. */
const wishOf = { start: 'running', stop: 'stopped', remove: 'stopped' } as const satisfies Partial<Record<OperationKind, AppDesiredState>>

type WishingKind = keyof typeof wishOf

export type AppWork = ReturnType<typeof createAppWork>

/** Queues work on an app as an operation, and keeps the app's record up to date: desired state and outcome. */
export function createAppWork(deps: {
  engine: Engine
  watch: ContainerWatch
  operations: Operations
  records: AppRecords
  views: AppViews
  /** Asked when an operation starts. */
  runners: () => Runners
}) {
  const { records, views } = deps
  const wishes = createWishes()

  /** An operation's work, all of it from its kind, its input and the app's record. Saves the outcome before the app's next operation starts. */
  function taskOf(kind: OperationKind, row: AppRow, input: OperationInput, wish: Wish | undefined): Task {
    const settle = (): void => void (wish && wishes.settle(row.id, wish))
    return {
      async work(run) {
        settle()
        if (!records.has(row.id)) throw notFound('app', row.id)
        const runner = deps.runners()[kind]
        if (!runner) throw new AppError('NOT_SUPPORTED', `This version does not know how to ${kind} an app`)
        return runner(row, input, run)
      },
      async after(ended) {
        settle()
        if (!records.has(row.id)) return
        // It changed nothing. Only an app that was never created shows why it has no containers.
        if (isWithdrawn(ended) && kind !== 'create') return records.isUnsaved(row.id) ? records.saveUnsaved(row.id) : undefined
        // Set before Docker is read, or the new state would be shown with the reason of an earlier failure.
        const failed = ended.status !== 'succeeded'
        row.lastError = failed ? cut(failureWords(kind, ended), bounds.app.statusReason) : null
        row.lastFailedKind = failed ? kind : null
        records.outcomeChanged(row.id)
        await views.untilRead(row, kind, () => deps.watch.refresh())
        await records.saveUnsaved(row.id)
      },
      withdraw: () => withdrawn(row, wish),
    }
  }

  /** Queues an operation on an app. `alongside` writes in the same transaction. */
  async function enqueue(
    kind: OperationKind,
    row: AppRow,
    input: OperationInput,
    more: { warnings?: ComposeProblem[]; alongside?: Alongside; wish?: Wish } = {},
  ): Promise<AppOperation> {
    const { wish, ...others } = more
    const operation = await deps.operations.enqueue(kind, row, input, taskOf(kind, row, input, wish), others)
    views.tell(row)
    return { app: views.view(row), operation }
  }

  /** Goes back to the desired state without an operation that was cancelled before it started. @returns what saves that */
  function withdrawn(row: AppRow, wish: Wish | undefined): Alongside {
    const desiredState = (wish && wishes.withdraw(row.id, wish)) ?? row.desiredState
    if (desiredState !== row.desiredState) {
      row.desiredState = desiredState
      records.outcomeChanged(row.id)
    }
    if (records.has(row.id)) views.tell(row)
    return async (transaction) => void (wish && (await transaction.nativeUpdate(AppEntity, { id: row.id }, { desiredState })))
  }

  /** Like `enqueue`, and saves the desired state in the same transaction, so it is never saved without the work that makes it true. */
  async function enqueueWish(kind: WishingKind, id: string, input: OperationInput = {}): Promise<AppOperation> {
    const row = records.get(id)
    await deps.engine.info()
    const wish = { desiredState: wishOf[kind] }
    const desiredBefore = row.desiredState
    wishes.add(id, wish, desiredBefore)
    const queued = await records
      .saveWith(row, wish, (alongside) => enqueue(kind, row, { ...input, desiredBefore }, { alongside, wish }))
      .catch((error: unknown) => {
        wishes.withdraw(id, wish)
        throw error
      })
    return { ...queued, app: views.view(row) }
  }

  return {
    enqueue,
    enqueueWish,
    /** Whether the app should run now, which operations that still wait do not change. */
    shouldRun: ({ id, desiredState }: AppRow): boolean => (wishes.now(id) ?? desiredState) === 'running',
  }
}
