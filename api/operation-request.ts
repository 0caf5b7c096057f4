import { AsyncLocalStorage } from 'node:async_hooks'

/** How a caller named its request, so that it is carried out once however often it is sent. */
export interface RequestKey {
  idempotencyKey: string
  /** Of the whole request, to tell a repetition from another request with the same key. */
  requestHash: string
}

/** The header by which a node chooses the id of the operation that its call starts. If the answer is lost, it knows what to listen for. */
export const operationIdHeader = 'x-operation-id'

/** What is given for the operation that a request starts. */
interface Request {
  /** The operation's id, if the node that calls chose it. */
  id?: string
  key?: RequestKey
}

const current = new AsyncLocalStorage<Request>()

/** Runs what starts an operation, which is then stored with this key. */
export const withRequestKey = <T>(key: RequestKey, run: () => Promise<T>): Promise<T> =>
  current.run(Object.assign(current.getStore() ?? {}, { key }), run)

/** Runs what starts an operation, which then has this id. */
export const withOperationId = <T>(id: string, run: () => Promise<T>): Promise<T> => current.run({ id }, run)

/** What is given for the operation that starts now. Taken once, because work that it starts later is no part of the request. */
export function takeRequest(): Request {
  const request = current.getStore()
  const taken = { ...request }
  delete request?.id
  delete request?.key
  return taken
}
