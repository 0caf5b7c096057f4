import { AsyncLocalStorage } from 'node:async_hooks'

/** How a caller named its request, so that it is carried out once however often it is sent. */
export interface RequestKey {
  idempotencyKey: string
  /** Of the whole request, to tell a repetition from another request with the same key. */
  requestHash: string
}

const current = new AsyncLocalStorage<{ key?: RequestKey }>()

/** Runs what starts an operation, which is then stored with this key. */
export const withRequestKey = <T>(key: RequestKey, run: () => Promise<T>): Promise<T> => current.run({ key }, run)

/** The key for the operation that starts now. Taken once, because work that the operation starts later is no part of the request. */
export function takeRequestKey(): RequestKey | undefined {
  const request = current.getStore()
  const key = request?.key
  if (request) delete request.key
  return key
}
