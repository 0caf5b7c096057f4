import { bounds, cut } from '../bounds.ts'
import type { Engine } from '../docker/engine.types.ts'
import { notFound } from '../errors.ts'
import { AppEntity, type AppRow } from './app.entity.ts'
import type { App, AppDesiredState } from './app.ts'
import type { AppRecords } from './app-records.ts'
import type { AppViews } from './app-views.ts'
import type { ComposeProblem } from './compose-problem.ts'
import type { ContainerWatch } from './container-watch.ts'
import { failureWords, isWithdrawn, type Operation, type OperationKind } from './operation.ts'
import type { Alongside } from './operation-records.ts'
import type { OperationRun } from './operation-run.ts'
import type { Operations } from './operations.ts'
import { createWishes, type Wish } from './wishes.ts'

export interface AppOperation {
  app: App
  operation: Operation
}

export type AppWork = ReturnType<typeof createAppWork>

/** Queues work on an app as an operation, and keeps the app's record up to date: desired state and outcome. */
export function createAppWork(deps: {
  engine: Engine
  watch: ContainerWatch
  operations: Operations
  records: AppRecords
  views: AppViews
}) {
  const { records, views } = deps
  const wishes = createWishes()

  /** Queues work on an app and saves its outcome before the app's next operation starts. */
  async function enqueue(
    kind: OperationKind,
    row: AppRow,
    work: (run: OperationRun) => Promise<string | void>,
    more: { warnings?: ComposeProblem[]; onEnd?: () => void; alongside?: Alongside; wish?: Wish } = {},
  ): Promise<AppOperation> {
    const { wish, ...others } = more
    const onRow = async (run: OperationRun): Promise<string | void> => {
      if (wish) wishes.settle(row.id, wish)
      if (!records.has(row.id)) throw notFound('app', row.id)
      return work(run)
    }
    const after = async (ended: Operation): Promise<void> => {
      more.onEnd?.()
      if (wish) wishes.settle(row.id, wish)
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
    }
    const withdraw = (): Alongside => withdrawn(row, wish)
    const operation = await deps.operations.enqueue(kind, row, onRow, after, { ...others, withdraw })
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
  async function enqueueWish(
    kind: OperationKind,
    { id, desiredState }: { id: string; desiredState: AppDesiredState },
    work: (row: AppRow, run: OperationRun) => Promise<string | void>,
  ): Promise<AppOperation> {
    const row = records.get(id)
    await deps.engine.info()
    const begin = (run: OperationRun): Promise<string | void> => work(row, run)
    const wish = { desiredState }
    wishes.add(id, wish, row.desiredState)
    const queued = await records
      .saveWith(row, { desiredState }, (alongside) => enqueue(kind, row, begin, { alongside, wish }))
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
