import { bounds, cut } from '../bounds.ts'
import type { Clock } from '../clock.ts'
import type { Engine } from '../docker/engine.types.ts'
import { AppError, notFound } from '../errors.ts'
import { AppEntity, type AppRow } from './app.entity.ts'
import type { App, AppDesiredState } from './app.ts'
import type { AppRecords } from './app-records.ts'
import type { AppViews } from './app-views.ts'
import type { ComposeProblem } from './compose-problem.ts'
import type { ContainerWatch } from './container-watch.ts'
import { failureWords, isFinal, isWithdrawn, type Operation, type OperationKind } from './operation.ts'
import type { End, Task } from './operation-execution.ts'
import type { Alongside, Unfinished } from './operation-records.ts'
import type { OperationRun } from './operation-run.ts'
import { untilDockerAnswers } from './operations/docker-answers.ts'
import type { OperationInput } from './operations/operation-input.ts'
import type { Runner, Runners } from './operations/runners.ts'
import type { Operations } from './operations.ts'
import { createWishes, type Wish } from './wishes.ts'

export interface AppOperation {
  app: App
  operation: Operation
}

/** The desired state that an operation of this kind brings with it. */
const wishOf = { start: 'running', stop: 'stopped', remove: 'stopped' } as const satisfies Partial<Record<OperationKind, AppDesiredState>>

type WishingKind = keyof typeof wishOf

const isWishing = (kind: OperationKind): kind is WishingKind => kind in wishOf

/** The record is deleted last, so a removal without one was complete. */
const withoutApp = (kind: OperationKind): End =>
  kind === 'remove' ? { status: 'succeeded', progress: 100, message: 'Done' } : { status: 'interrupted', error: 'Its app is gone' }

function whenGone(kind: OperationKind, appId: string): Runner {
  if (kind !== 'remove') throw notFound('app', appId)
  return async () => {}
}

const notAgain: End = { status: 'interrupted', error: 'The node stopped before this was finished. Try again to finish it' }

export type AppWork = ReturnType<typeof createAppWork>

/** Queues work on an app as an operation, and keeps the app's record up to date: desired state and outcome. */
export function createAppWork(deps: {
  clock: Clock
  engine: Engine
  watch: ContainerWatch
  operations: Operations
  records: AppRecords
  views: AppViews
  /** What hides the secrets of an app's current version, and of the one that an operation makes current. */
  maskOf: (row: AppRow, version: number | undefined) => Promise<(text: string) => string>
  /** An operation has ended, and the app's next one has not begun. Never fails. */
  onEnded: (row: AppRow) => Promise<void>
  /** What does an operation that is about no app. */
  taskOfNode?: (kind: OperationKind, input: OperationInput | null) => Task | null
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
        // An earlier removal did what this one is for.
        const runner = records.has(row.id) ? deps.runners()[kind] : whenGone(kind, row.id)
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
        await deps.onEnded(row)
      },
      mask: () => deps.maskOf(row, input.version),
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

  /** Takes an operation up again that an earlier run of the program left unfinished. Its app may be gone. */
  async function resume(left: Unfinished): Promise<void> {
    const { operation, input } = left
    const { appId, kind } = operation
    const row = appId === null ? undefined : records.find(appId)
    const ofNode = appId === null ? (deps.taskOfNode?.(kind, input) ?? null) : null
    if (ofNode) return deps.operations.resume(left, input ?? {}, ofNode, null)
    if (!row) return deps.operations.resume(left, {}, { work: async () => {}, after: async () => {} }, withoutApp(kind))
    const desiredState = isWishing(kind) ? wishOf[kind] : null
    const wish = desiredState && { desiredState }
    if (wish) wishes.add(row.id, wish, input?.desiredBefore ?? row.desiredState)
    const task = taskOf(kind, row, input ?? {}, wish ?? undefined)
    const work = async (run: OperationRun): Promise<string | void> => {
      await untilDockerAnswers(deps, run)
      return task.work(run)
    }
    const end = input === null || !deps.runners()[kind] ? notAgain : null
    await deps.operations.resume(left, input ?? {}, { ...task, work }, end)
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
      .saveWith(row, wish, (save) => {
        const alongside: Alongside = async (transaction) => {
          if (kind === 'remove') await deps.operations.askCancelOf(id)(transaction)
          return save(transaction)
        }
        return enqueue(kind, row, { ...input, desiredBefore }, { alongside, wish })
      })
      .catch((error: unknown) => {
        wishes.withdraw(id, wish)
        throw error
      })
    if (kind === 'remove') await deps.operations.cancelBefore(queued.operation)
    return { ...queued, app: views.view(row) }
  }

  /** Does an operation again that did not succeed. @throws NOT_FOUND, CONFLICT, DOCKER_UNAVAILABLE */
  async function retry(operationId: string): Promise<AppOperation> {
    const found = await deps.operations.withInput(operationId)
    if (!found) throw notFound('operation', operationId)
    const { operation, input } = found
    const row = records.get(appOf(operation))
    refuseUnfailed(operation)
    if (input) refuseReplaced(row, input)
    if (input === null || !deps.runners()[operation.kind])
      throw new AppError('CONFLICT', 'Another version started this operation, and this one cannot do it again')
    if (isWishing(operation.kind)) return enqueueWish(operation.kind, row.id, input)
    await deps.engine.info()
    return enqueue(operation.kind, row, input)
  }

  return {
    enqueue,
    enqueueWish,
    resume,
    retry,
    /** Whether the app should run now, which operations that still wait do not change. */
    shouldRun: ({ id, desiredState }: AppRow): boolean => (wishes.now(id) ?? desiredState) === 'running',
  }
}

/** @throws CONFLICT when the app has a newer version than the operation's */
function refuseReplaced(row: AppRow, { version }: OperationInput): void {
  if (version === undefined || version >= row.version) return
  const message = `${row.name} is at version ${row.version} now, so version ${version} is not deployed again. Roll back to it instead`
  throw new AppError('CONFLICT', message)
}

/** @throws CONFLICT unless it has ended without success */
function refuseUnfailed({ status }: Operation): void {
  if (!isFinal(status)) throw new AppError('CONFLICT', `This operation is still ${status}`)
  if (status === 'succeeded') throw new AppError('CONFLICT', 'This operation has succeeded, so there is nothing to try again')
}

function appOf({ appId }: Operation): string {
  if (appId === null) throw new AppError('CONFLICT', 'Only operations on apps can be tried again. Start this one again')
  return appId
}
