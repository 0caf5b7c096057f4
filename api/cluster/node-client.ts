import { fetch, Pool, type Response } from 'undici'
import { z } from 'zod'
import { AppError, errorStatus, type ErrorCode, type FieldError } from '../errors.ts'
import type { NodeAddress } from '../nodes/node-registry.ts'
import { failureInWords, isBrokenConnection } from './failure-words.ts'

export interface NodeRequest {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below the node's endpoint, such as `/api/internal/apps`. */
  path: string
  body?: unknown
  /** The person for whom this node asks; the other node writes it to its audit log. */
  onBehalfOf?: string | undefined
  deadlineMs?: number
  signal?: AbortSignal
}

/** An operation is queued on the node, not run, within this time; a `docker compose config` may take some seconds of it. */
const defaultDeadlineMs = 20_000
/** Sockets per node: one node that hangs holds these and no more. */
const connectionsPerNode = 8
/** Calls per node that run or wait; beyond that they fail at once instead of piling up behind a node that hangs. */
const callsPerNode = 64
/** What one answer may weigh, in bytes: a thousand containers are 1 MB. */
const maxAnswerBytes = 16 * 1024 * 1024

export type NodeClient = ReturnType<typeof createNodeClient>

/** Calls the internal routes of other nodes over plain HTTP, in the name of this node. Failures are AppErrors in words for a person. */
export function createNodeClient({ selfId, connectDeadlineMs = 4000 }: { selfId: string; connectDeadlineMs?: number }) {
  const lanes = new Map<string, Lane>()

  interface Lane {
    endpoint: string
    pool: Pool
    streams: Pool
    calls: number
  }

  const makePool = (endpoint: string): Pool =>
    new Pool(new URL(endpoint).origin, {
      connections: connectionsPerNode,
      connect: { timeout: connectDeadlineMs },
      keepAliveTimeout: 30_000,
      maxResponseSize: maxAnswerBytes,
    })

  /** Streams have no end and so no size; `bodyTimeout` 0 leaves it to their reader to tell a dead one from a quiet one. */
  const makeStreamPool = (endpoint: string): Pool =>
    new Pool(new URL(endpoint).origin, { connections: 4, connect: { timeout: connectDeadlineMs }, bodyTimeout: 0 })

  function drop(nodeId: string): void {
    const lane = lanes.get(nodeId)
    lanes.delete(nodeId)
    void lane?.pool.destroy().catch(() => undefined)
    void lane?.streams.destroy().catch(() => undefined)
  }

  function laneOf({ id, apiEndpoint }: NodeAddress): Lane {
    const known = lanes.get(id)
    if (known?.endpoint === apiEndpoint) return known
    if (known) drop(id)
    const lane: Lane = { endpoint: apiEndpoint, pool: makePool(apiEndpoint), streams: makeStreamPool(apiEndpoint), calls: 0 }
    lanes.set(id, lane)
    return lane
  }

  const headersFor = (address: NodeAddress) => ({ 'X-Node-ID': selfId, 'X-Node-API-Key': address.apiKey })

  async function send(address: NodeAddress, lane: Lane, request: NodeRequest, signal: AbortSignal): Promise<Response> {
    const { method = 'GET', path, body, onBehalfOf } = request
    const call = () =>
      fetch(address.apiEndpoint + path, {
        method,
        headers: {
          ...headersFor(address),
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(onBehalfOf === undefined ? {} : { 'X-On-Behalf-Of': encodeURIComponent(onBehalfOf) }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: 'manual',
        dispatcher: lane.pool,
        signal,
      })
    try {
      return await call()
    } catch (error) {
      // A kept connection may have died while it was idle. Only calls that change nothing are sent twice.
      if (method !== 'GET' || signal.aborted || !isBrokenConnection(error)) throw error
      const broken = lane.pool
      lane.pool = makePool(lane.endpoint)
      void broken.close().catch(() => undefined)
      return await call()
    }
  }

  return {
    /** The JSON of the answer. @throws AppError: what the node refused, or NODE_UNREACHABLE */
    async request(address: NodeAddress, request: NodeRequest): Promise<unknown> {
      const lane = laneOf(address)
      if (lane.calls >= callsPerNode) throw unreachable(address, `${callsPerNode} calls to it are waiting for an answer already`)
      const deadlineMs = request.deadlineMs ?? defaultDeadlineMs
      const deadline = AbortSignal.timeout(deadlineMs)
      const signal = request.signal ? AbortSignal.any([deadline, request.signal]) : deadline
      lane.calls += 1
      try {
        const response = await send(address, lane, request, signal)
        if (response.status >= 300) throw await refusalOf(address, response)
        return await response.json()
      } catch (error) {
        if (error instanceof AppError) throw error
        throw unreachable(
          address,
          deadline.aborted ? `did not answer within ${deadlineMs / 1000} s` : failureInWords(error, address.apiEndpoint),
          error,
        )
      } finally {
        lane.calls -= 1
      }
    },

    /** An answer that goes on until `signal` aborts, such as the event stream. */
    async stream(address: NodeAddress, path: string, signal: AbortSignal): Promise<Response> {
      const lane = laneOf(address)
      try {
        const response = await fetch(address.apiEndpoint + path, {
          headers: { ...headersFor(address), accept: 'text/event-stream' },
          redirect: 'manual',
          dispatcher: lane.streams,
          signal,
        })
        if (response.status >= 300) throw await refusalOf(address, response)
        return response
      } catch (error) {
        if (error instanceof AppError) throw error
        throw unreachable(address, failureInWords(error, address.apiEndpoint), error)
      }
    },

    /** Closes what is open to a node that was removed. */
    forget: drop,

    close(): void {
      for (const id of [...lanes.keys()]) drop(id)
    },
  }
}

/** A call that did not succeed: `why` without the node's name; `answered` tells a node that said no from one that said nothing. */
export class NodeCallError extends AppError {
  override readonly name = 'NodeCallError'
  readonly why: string
  readonly answered: boolean

  constructor(code: ErrorCode, why: string, options: { nodeName?: string; answered: boolean; fields?: FieldError[]; cause?: unknown }) {
    super(code, options.nodeName ? `${options.nodeName}: ${why}` : why, options)
    this.why = why
    this.answered = options.answered
  }
}

const unreachable = ({ name }: NodeAddress, why: string, cause?: unknown): NodeCallError =>
  new NodeCallError('NODE_UNREACHABLE', why, { nodeName: name, answered: false, cause })

const problem = z.object({
  title: z.string().max(1000).optional(),
  detail: z.string().max(100_000).optional(),
  code: z.string().optional(),
  fields: z
    .array(z.object({ field: z.string().max(200), message: z.string().max(10_000) }))
    .max(100)
    .optional(),
})

/** The node's own refusal with its code, so that it means the same here; anything else is a node that cannot be used. */
async function refusalOf(address: NodeAddress, response: Response): Promise<NodeCallError> {
  const text = await response.text().catch(() => '')
  const parsed = problem.safeParse(parseJson(text))
  const { code, detail, title, fields } = parsed.data ?? {}
  const refusal = (why: string) => new NodeCallError('NODE_UNREACHABLE', why, { nodeName: address.name, answered: true })
  if (response.status === 401)
    return refusal(`refused the credentials (401${title ? ` ${title}` : ''}): it does not know this id, or its key is another one`)
  if (code && code in errorStatus) {
    return new NodeCallError(code as ErrorCode, detail ?? title ?? code, {
      answered: true,
      fields: (fields ?? []).map(({ field, message }) => ({
        field: field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
        message,
      })),
    })
  }
  if (response.status < 400) return refusal(`answered ${response.status} with a redirect. Enter the endpoint that it redirects to`)
  return refusal(
    `answered ${response.status}${title ? ` ${title}` : ''}, which is no answer of Selfhostly's. Is another server or a proxy at its endpoint?`,
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
