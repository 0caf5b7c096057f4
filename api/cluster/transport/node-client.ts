import { fetch, Pool, type Response } from 'undici'
import { z } from 'zod'
import { systemClock, watchStandstill } from '../../clock.ts'
import { nodeTimeHeader, waitsUntilHeader } from '../../caller-patience.ts'
import { bounds, cut } from '../../bounds.ts'
import { AppError, codeOf, type ErrorCode, type FieldError } from '../../errors.ts'
import type { NodeAddress } from '../members/node-registry.ts'
import { jsonOrNothing, parseBounded } from '../limits/bounded-json.ts'
import { lookupOfNodes } from './endpoint-guard.ts'
import { failureInWords, isBrokenConnection, isNotConnected } from './failure-words.ts'
import { fetchOver } from './link-fetch.ts'
import type { Link } from './links.ts'
import { createByteTurns } from '../limits/event-loop-turns.ts'
import { retryAfterMsOf } from './retry-after.ts'

/** How a call is sent: only over the node's link, only over plain HTTP, or over the link if there is one. */
export type Route = 'link' | 'direct' | 'any'

export interface NodeRequest {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Relative to the node's endpoint, such as `/api/internal/apps`. */
  path: string
  body?: unknown
  /** The person on whose behalf this node calls. The other node writes the name to its audit log. */
  onBehalfOf?: string | undefined
  deadlineMs?: number
  signal?: AbortSignal
  via?: Route
  /** A health check. It has its own sockets, so other calls and their limits here do not look like a fault of the node. */
  isProbe?: boolean
}

/** Within this time the node queues an operation but does not run it. `docker compose config` can take a few seconds of it. */
const defaultDeadlineMs = 20_000
/** Sockets per node. A node that hangs holds no more than these. */
const connectionsPerNode = 8
/** If this program was frozen for longer than this, a missed deadline says nothing about the node. */
const standstillMs = 1000
/** A node starts a change only if it reads the call this long before the call fails here. */
const marginMs = 1000
/** An answer that took longer than this does not tell the node's time well enough. */
const quickMs = 1000
/** One regular check, and the three that follow a lost session. */
const probesPerNode = 4
/** Calls per node that run or wait. Further calls fail at once instead of piling up behind a node that hangs. */
const callsPerNode = 64
const { bytes: maxAnswerBytes, values: maxAnswerValues } = bounds.answer
const maxRefusalBytes = 256 * 1024
/** Each chunk counts as at least this many bytes, because a million one-byte chunks cost as much as gigabytes. */
const pieceBytes = 256

export type NodeClient = ReturnType<typeof createNodeClient>

/**
 * Calls the internal routes of other nodes as this node, over a link or plain HTTP; callers do not see which. Failures are
 * AppErrors with a message for people.
 */
export function createNodeClient({
  selfId,
  instance,
  linkOf = () => undefined,
  connectDeadlineMs = 4000,
}: {
  selfId: string
  /** Distinguishes this program from another one with the same identity. */
  instance?: { instanceId: string; hostname: string }
  linkOf?: (nodeId: string) => Link | undefined
  connectDeadlineMs?: number
}) {
  const lanes = new Map<string, Lane>()

  interface Lane {
    endpoint: string
    pool: Pool
    probes: Pool
    streams: Pool
    calls: number
    /** How far the node's clock is ahead of this one, or less; null if not known yet. */
    aheadMs: number | null
  }

  const makePool = (endpoint: string, connections = connectionsPerNode): Pool =>
    new Pool(new URL(endpoint).origin, {
      connections,
      connect: { timeout: connectDeadlineMs, lookup: lookupOfNodes },
      keepAliveTimeout: 30_000,
      maxResponseSize: maxAnswerBytes,
    })

  /** Streams do not end, so they have no size limit. With `bodyTimeout` 0, the reader decides whether a quiet stream is dead. */
  const makeStreamPool = (endpoint: string): Pool =>
    new Pool(new URL(endpoint).origin, { connections: 4, connect: { timeout: connectDeadlineMs, lookup: lookupOfNodes }, bodyTimeout: 0 })

  function drop(nodeId: string): void {
    const lane = lanes.get(nodeId)
    lanes.delete(nodeId)
    void lane?.pool.destroy().catch(() => undefined)
    void lane?.probes.destroy().catch(() => undefined)
    void lane?.streams.destroy().catch(() => undefined)
  }

  function laneOf({ id, apiEndpoint }: NodeAddress): Lane {
    const known = lanes.get(id)
    if (known?.endpoint === apiEndpoint) return known
    if (known) drop(id)
    const pools = { pool: makePool(apiEndpoint), probes: makePool(apiEndpoint, probesPerNode), streams: makeStreamPool(apiEndpoint) }
    const lane: Lane = { endpoint: apiEndpoint, ...pools, calls: 0, aheadMs: null }
    lanes.set(id, lane)
    return lane
  }

  const instanceHeaders: Record<string, string> = instance
    ? {
        'x-node-instance': instance.instanceId,
        'x-node-host': encodeURIComponent(cut(instance.hostname, bounds.about.hostname).toWellFormed()),
      }
    : {}
  const headersFor = ({ apiKey }: Pick<NodeAddress, 'apiKey'>): Record<string, string> => ({
    'x-node-id': selfId,
    'x-node-api-key': apiKey,
    ...instanceHeaders,
  })

  interface Call {
    method: string
    path: string
    headers: Record<string, string>
    body: string | undefined
    signal: AbortSignal
  }

  /** The link for a call; null for plain HTTP. @throws NODE_UNREACHABLE if only a link would do and there is none now */
  function linkFor(address: NodeAddress, via: Route): Link | null {
    const link = via === 'direct' ? undefined : linkOf(address.id)
    if (!link && (via === 'link' || (via === 'any' && address.connection === 'link')))
      throw unreachable(address, 'has no open link at the moment')
    return link ?? null
  }

  async function dispatch(address: NodeAddress, pool: Pool, link: Link | null, { path, ...call }: Call): Promise<Response> {
    const askedAt = systemClock.now().getTime()
    const response = await (link
      ? fetchOver(link.session, { path, ...call })
      : fetch(address.apiEndpoint + path, { ...call, body: call.body ?? null, redirect: 'manual', dispatcher: pool }))
    const now = systemClock.now().getTime()
    const lane = lanes.get(address.id)
    const nodeTime = Number(response.headers.get(nodeTimeHeader) ?? Number.NaN)
    // The answer's way here makes this too small, so the node refuses too early rather than too late.
    if (lane && Number.isSafeInteger(nodeTime) && now - askedAt <= quickMs) lane.aheadMs = nodeTime - now
    return response
  }

  /** Until when a change can start, by the node's clock: before the call ends here at its deadline or with a silent link. */
  function patience(
    { aheadMs }: Lane,
    link: Link | null,
    { method = 'GET', deadlineMs = defaultDeadlineMs }: NodeRequest,
  ): Record<string, string> {
    if (method === 'GET' || aheadMs === null) return {}
    const waitMs = Math.min(deadlineMs, link?.watch.lastsMs() ?? Infinity) - marginMs
    return { [waitsUntilHeader]: String(Math.round(systemClock.now().getTime() + aheadMs + waitMs)) }
  }

  async function send(address: NodeAddress, lane: Lane, request: NodeRequest, signal: AbortSignal): Promise<Response> {
    const { method = 'GET', path, body, onBehalfOf, via = 'any', isProbe = false } = request
    const kind = isProbe ? 'probes' : 'pool'
    const headers = {
      ...headersFor(address),
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(onBehalfOf === undefined ? {} : { 'x-on-behalf-of': encodeURIComponent(cut(onBehalfOf, bounds.personName).toWellFormed()) }),
    }
    const call = { method, path, headers, body: body === undefined ? undefined : JSON.stringify(body), signal }
    try {
      const link = linkFor(address, via)
      return await dispatch(address, lane[kind], link, { ...call, headers: { ...headers, ...patience(lane, link, request) } })
    } catch (error) {
      // A kept-alive connection may have died while idle. Only calls that change nothing are sent twice.
      if (method !== 'GET' || signal.aborted || !isBrokenConnection(error)) throw error
      const broken = lane[kind]
      lane[kind] = makePool(lane.endpoint, isProbe ? probesPerNode : connectionsPerNode)
      void broken.close().catch(() => undefined)
      return await dispatch(address, lane[kind], linkFor(address, via), call)
    }
  }

  return {
    /** Headers that identify this node to a node that shares the key. */
    headersFor,

    /** Sends a call and returns the answer's JSON. @throws AppError with the node's own refusal, or NODE_UNREACHABLE */
    async request(address: NodeAddress, request: NodeRequest): Promise<unknown> {
      const lane = laneOf(address)
      if (lane.calls >= callsPerNode && !request.isProbe)
        throw unreachable(address, `${callsPerNode} calls to it are already waiting for an answer`)
      const deadlineMs = request.deadlineMs ?? defaultDeadlineMs
      const deadline = AbortSignal.timeout(deadlineMs)
      const signal = request.signal ? AbortSignal.any([deadline, request.signal]) : deadline
      const stoodStill = watchStandstill(systemClock)
      const weight = request.isProbe ? 0 : 1
      lane.calls += weight
      try {
        const response = await send(address, lane, request, signal)
        if (response.status >= 300) throw await refusalOf(address, response)
        return await readJson(response)
      } catch (error) {
        if (error instanceof AppError) throw error
        if (!deadline.aborted) throw unreachable(address, failureInWords(error, address.apiEndpoint), error)
        const isOurs = stoodStill() > standstillMs
        throw unreachable(address, `did not answer within ${deadlineMs / 1000} s`, error, isOurs)
      } finally {
        stoodStill()
        lane.calls -= weight
      }
    },

    /** Opens an answer that continues until `signal` aborts, such as the event stream. */
    async stream(address: NodeAddress, path: string, signal: AbortSignal): Promise<Response> {
      const lane = laneOf(address)
      const headers = { ...headersFor(address), accept: 'text/event-stream' }
      try {
        const call = { method: 'GET', path, headers, body: undefined, signal }
        const response = await dispatch(address, lane.streams, linkFor(address, 'any'), call)
        if (response.status >= 300) throw await refusalOf(address, response)
        return response
      } catch (error) {
        if (error instanceof AppError) throw error
        throw unreachable(address, failureInWords(error, address.apiEndpoint), error)
      }
    },

    /** Closes the connections to a node, for example after it was removed. */
    forget: drop,

    close(): void {
      for (const id of [...lanes.keys()]) drop(id)
    },
  }
}

/**
 * A failed call. `why` is the reason without the node's name. `answered` tells a refusal from no answer. `retryAfterMs` is
 * when the other side wants the next try.
 */
export class NodeCallError extends AppError {
  override readonly name = 'NodeCallError'
  readonly why: string
  readonly answered: boolean
  /** The answer's status, if there was an answer. */
  readonly httpStatus: number | undefined
  readonly retryAfterMs: number | undefined
  /** Caused by this program being frozen, so it says nothing about the node. */
  readonly isOurs: boolean
  /** The node may have received the call, but did not answer. */
  readonly mayBeReceived: boolean

  constructor(
    code: ErrorCode,
    why: string,
    options: {
      nodeName?: string
      answered: boolean
      fields?: FieldError[]
      cause?: unknown
      httpStatus?: number
      retryAfterMs?: number | undefined
      isOurs?: boolean
    },
  ) {
    super(code, options.nodeName ? `${options.nodeName}: ${why}` : why, options)
    this.why = why
    this.answered = options.answered
    this.httpStatus = options.httpStatus
    this.retryAfterMs = options.retryAfterMs
    this.isOurs = options.isOurs ?? false
    this.mayBeReceived = !this.answered && options.cause !== undefined && !isNotConnected(options.cause)
  }
}

const unreachable = ({ name }: NodeAddress, why: string, cause?: unknown, isOurs = false): NodeCallError =>
  new NodeCallError('NODE_UNREACHABLE', why, { nodeName: name, answered: false, cause, isOurs })

const problem = z.object({
  title: z.string().max(1000).optional(),
  detail: z.string().max(100_000).optional(),
  code: z.string().optional(),
  fields: z
    .array(z.object({ field: z.string().max(200), message: z.string().max(10_000) }))
    .max(100)
    .optional(),
})

/** Null for an answer without content. @throws if the answer is too large or not JSON */
async function readJson(response: Response): Promise<unknown> {
  const text = await readText(response, maxAnswerBytes)
  return text === '' ? null : parseBounded(text, maxAnswerValues)
}

/** @throws if there are more than `most` bytes */
async function readText(response: Response, most: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  const turn = createByteTurns()
  for await (const chunk of response.body ?? []) {
    const weight = Math.max(pieceBytes, (chunk as Uint8Array).byteLength)
    bytes += weight
    if (bytes > most) throw Object.assign(new Error('too large'), { code: 'UND_ERR_RES_EXCEEDED_MAX_SIZE' })
    chunks.push(chunk as Uint8Array)
    await turn(weight)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Refusals that concern the calling node. Passed on, they would tell a person to sign in or to wait for no reason. */
const isBetweenNodes: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'MISDIRECTED', 'RATE_LIMITED'] satisfies ErrorCode[])

/** Keeps the node's own refusal and its code. Any other answer means that the node cannot be used. */
async function refusalOf(address: NodeAddress, response: Response): Promise<NodeCallError> {
  const text = await readText(response, maxRefusalBytes).catch(() => '')
  const parsed = problem.safeParse(jsonOrNothing(text))
  const { code, detail, title, fields } = parsed.data ?? {}
  const said = { answered: true, httpStatus: response.status, retryAfterMs: retryAfterMsOf(Object.fromEntries(response.headers)) }
  const refusal = (why: string) => new NodeCallError('NODE_UNREACHABLE', why, { nodeName: address.name, ...said })
  if (response.status === 401)
    return refusal(
      `refused the credentials (401${title ? ` ${title}` : ''}): the server that answered does not know the node's id, or has a different key for it`,
    )
  const known = code && codeOf(code, response.status)
  if (known && !isBetweenNodes.has(known)) {
    return new NodeCallError(known, detail ?? title ?? known, {
      ...said,
      fields: (fields ?? []).map(({ field, message }) => ({
        field: field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
        message,
      })),
    })
  }
  if (known) return refusal(`refused the call (${response.status}): ${detail ?? title ?? known}`)
  if (response.status < 400) return refusal(`answered ${response.status} with a redirect. Enter the endpoint that it redirects to`)
  return refusal(
    `answered ${response.status}${title ? ` ${title}` : ''}, which is not an answer from Selfhostly. Is another server or a proxy at its endpoint?`,
  )
}
