import { createHash } from 'node:crypto'
import { bounds } from '../../bounds.ts'
import type { Clock } from '../../clock.ts'
import { AppError, invalidInput, notFound } from '../../errors.ts'
import { oneAtATimePerKey } from '../../one-at-a-time.ts'
import { withOperationId, withRequestKey } from '../../operation-request.ts'
import type { AppOperation } from '../app-work.ts'
import type { App } from '../app.ts'
import { keysLastMs, type OperationRecords } from '../operation-records.ts'

/** Carries each request that its sender has named out once, however often it is sent. */
export function createIdempotency(deps: {
  operations: Pick<OperationRecords, 'find' | 'withKey' | 'forgetKey'>
  clock: Clock
  appOf: (id: string) => App | undefined
}) {
  const perKey = oneAtATimePerKey()
  const perId = oneAtATimePerKey()

  async function again(key: string, requestHash: string): Promise<AppOperation | undefined> {
    const known = await deps.operations.withKey(key)
    if (!known) return undefined
    if (deps.clock.now().getTime() - known.operation.createdAt.getTime() > keysLastMs) {
      await deps.operations.forgetKey(key)
      return undefined
    }
    if (known.requestHash !== requestHash) throw taken('was used for another request. Use a new key for each request')
    const app = deps.appOf(known.operation.appId ?? '')
    if (!app) throw taken('was used for an app that has been removed since')
    return { app, operation: known.operation }
  }

  /** What the operation with this id, which another node chose, began with. */
  async function begun(id: string): Promise<AppOperation | undefined> {
    const operation = await deps.operations.find(id)
    if (!operation) return undefined
    const app = deps.appOf(operation.appId ?? '')
    if (!app) throw notFound('app', operation.appId ?? '')
    return { app, operation }
  }

  /**
   * @param request all that the caller asked for
   * @returns the operation that the first such request started, whether or not it has ended
   * @throws CONFLICT for another request with the same key, INVALID_INPUT, and what `run` throws; then nothing was started
   */
  const once = async (key: string | null | undefined, request: unknown, run: () => Promise<AppOperation>): Promise<AppOperation> => {
    if (key === null || key === undefined) return run()
    const most = bounds.operation.idempotencyKey
    const message = `must have 1 to ${most} characters`
    if (key.length === 0 || key.length > most) throw invalidInput([{ field: 'idempotencyKey', message }])
    const requestHash = hashOf(key, request)
    return perKey.run(key, async () => (await again(key, requestHash)) ?? withRequestKey({ idempotencyKey: key, requestHash }, run))
  }

  return {
    once,

    /**
     * The same for a node that chose the operation's id.
     * @throws NOT_FOUND when the app has been removed since
     */
    onceById: <T extends AppOperation>(id: string, run: () => Promise<T>): Promise<AppOperation> =>
      perId.run(id, async () => (await begun(id)) ?? withOperationId(id, run)),
  }
}

const taken = (message: string): AppError =>
  new AppError('CONFLICT', `The idempotency key ${message}`, { fields: [{ field: 'idempotencyKey', message }] })

/** The order of fields does not matter, and a field that is left out is one that is undefined. */
function hashOf(key: string, request: unknown): string {
  const sorted = (_name: string, value: unknown): unknown =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value
  return createHash('sha256')
    .update(`${key}\n${JSON.stringify(request, sorted)}`)
    .digest('hex')
}
