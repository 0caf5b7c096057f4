import { fetch, Pool, type Response } from 'undici'
import { z } from 'zod'
import { systemClock, watchStandstill } from '../clock.ts'
import { bounds, cut } from '../bounds.ts'
import { AppError, codeOf, type ErrorCode, type FieldError } from '../errors.ts'
import type { NodeAddress } from '../nodes/node-registry.ts'
import { parseBounded } from './bounded-json.ts'
import { lookupOfNodes } from './endpoint-guard.ts'
import { failureInWords, isBrokenConnection } from './failure-words.ts'
import { fetchOver } from './link-fetch.ts'
import type { Link } from './links.ts'
import { createByteTurns } from './turns.ts'

/** Which way a call takes: over the node's link alone, over plain HTTP alone, or over its link when there is one. */
export type Route = 'link' | 'direct' | 'any'

export interface NodeRequest {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below the node's endpoint, such as `/api/internal/apps`. */
  path: string
  body?: unknown
  /** The person for whom this node asks; the other node writes it to its audit log. */
  onBehalfOf?: string | undefined
  deadlineMs?: number
  signal?: AbortSignal
  via?: Route
  /** A health check: it has sockets of its own, so that other calls, and the limits of them here, are not taken for a fault of the node. */
  isProbe?: boolean
}

/** An operation is queued on the node, not run, within this time; a `docker compose config` may take some seconds of it. */
const defaultDeadlineMs = 20_000
/** Sockets per node: one node that hangs holds these and no more. */
const connectionsPerNode = 8
/** A deadline that passed while this program stood still for longer than this says nothing of the node. */
const standstillMs = 1000
/** One check, and the three that follow a lost session. */
const probesPerNode = 4
/** Calls per node that run or wait; beyond that they fail at once instead of piling up behind a node that hangs. */
const callsPerNode = 64
const { bytes: maxAnswerBytes, values: maxAnswerValues } = bounds.answer
const maxRefusalBytes = 256 * 1024
/** Each piece counts as this much at least: a million pieces of one byte cost as much as gigabytes. */
const pieceBytes = 256

export type NodeClient = ReturnType<typeof createNodeClient>

/**
 * Calls the internal routes of other nodes in the name of this node, over a link or over plain HTTP; nobody above knows
 * which. Failures are AppErrors in words for a person.
 */
export function createNodeClient({
  selfId,
  instance,
  linkOf = () => undefined,
  connectDeadlineMs = 4000,
}: {
  selfId: string
  /** Tells this program from another with the same identity. */
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
  }

  const makePool = (endpoint: string, connections = connectionsPerNode): Pool =>
    new Pool(new URL(endpoint).origin, {
      connections,
      connect: { timeout: connectDeadlineMs, lookup: lookupOfNodes },
      keepAliveTimeout: 30_000,
      maxResponseSize: maxAnswerBytes,
    })

  /** Streams have no end and so no size; `bodyTimeout` 0 leaves it to their reader to tell a dead one from a quiet one. */
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
    const lane: Lane = { endpoint: apiEndpoint, ...pools, calls: 0 }
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

  /** The link that a call takes; null for plain HTTP. @throws NODE_UNREACHABLE for a node that has only links and has none now */
  function linkFor(address: NodeAddress, via: Route): Link | null {
    const link = via === 'direct' ? undefined : linkOf(address.id)
    if (!link && (via === 'link' || (via === 'any' && address.connection === 'link')))
      throw unreachable(address, 'has no link to here at the moment')
    return link ?? null
  }

  const dispatch = (address: NodeAddress, pool: Pool, link: Link | null, { path, ...call }: Call): Promise<Response> =>
    link
      ? fetchOver(link.session, { path, ...call })
      : fetch(address.apiEndpoint + path, { ...call, body: call.body ?? null, redirect: 'manual', dispatcher: pool })

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
      return await dispatch(address, lane[kind], linkFor(address, via), call)
    } catch (error) {
      // A kept connection may have died while it was idle. Only calls that change nothing are sent twice.
      if (method !== 'GET' || signal.aborted || !isBrokenConnection(error)) throw error
      const broken = lane[kind]
      lane[kind] = makePool(lane.endpoint, isProbe ? probesPerNode : connectionsPerNode)
      void broken.close().catch(() => undefined)
      return await dispatch(address, lane[kind], linkFor(address, via), call)
    }
  }

  return {
    /** What proves this node to the one that shares the key. */
    headersFor,

    /** The JSON of the answer. @throws AppError: what the node refused, or NODE_UNREACHABLE */
    async request(address: NodeAddress, request: NodeRequest): Promise<unknown> {
      const lane = laneOf(address)
      if (lane.calls >= callsPerNode && !request.isProbe)
        throw unreachable(address, `${callsPerNode} calls to it are waiting for an answer already`)
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

    /** An answer that goes on until `signal` aborts, such as the event stream. */
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

    /** Closes what is open to a node that was removed. */
    forget: drop,

    close(): void {
      for (const id of [...lanes.keys()]) drop(id)
    },
  }
}

/**
 * A call that did not succeed: `why` without the node's name; `answered` tells a node that said no from one that said nothing;
 * `retryAfterMs` is when whoever answered wants to be asked again.
 */
export class NodeCallError extends AppError {
  override readonly name = 'NodeCallError'
  readonly why: string
  readonly answered: boolean
  /** Of the answer, if there was one. */
  readonly httpStatus: number | undefined
  readonly retryAfterMs: number | undefined
  /** It comes of this program having stood still, and says nothing of the node. */
  readonly isOurs: boolean

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

/** Null for an answer without content. @throws when there is more of it than an answer may weigh, or it is no JSON */
async function readJson(response: Response): Promise<unknown> {
  const text = await readText(response, maxAnswerBytes)
  return text === '' ? null : parseBounded(text, maxAnswerValues)
}

/** @throws when there is more of it than `most` bytes */
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

/** What a node says of the node that calls: passed on, it would tell a person to sign in, or to wait, who need not. */
const isBetweenNodes: ReadonlySet<string> = new Set(['UNAUTHENTICATED', 'MISDIRECTED', 'RATE_LIMITED'] satisfies ErrorCode[])

/** The node's own refusal with its code, so that it means the same here; anything else is a node that cannot be used. */
async function refusalOf(address: NodeAddress, response: Response): Promise<NodeCallError> {
  const text = await readText(response, maxRefusalBytes).catch(() => '')
  const parsed = problem.safeParse(parseJson(text))
  const { code, detail, title, fields } = parsed.data ?? {}
  const said = { answered: true, httpStatus: response.status, retryAfterMs: retryAfterMs(response) }
  const refusal = (why: string) => new NodeCallError('NODE_UNREACHABLE', why, { nodeName: address.name, ...said })
  if (response.status === 401)
    return refusal(`refused the credentials (401${title ? ` ${title}` : ''}): it does not know this id, or its key is another one`)
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
    `answered ${response.status}${title ? ` ${title}` : ''}, which is no answer of Selfhostly's. Is another server or a proxy at its endpoint?`,
  )
}

/** Dates are for pages; whoever bounds calls says seconds. */
function retryAfterMs({ headers }: Response): number | undefined {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN)
  return Number.isFinite(seconds) && seconds >= 0 ? Math.min(seconds, 600) * 1000 : undefined
}

function parseJson(text: string): unknown {
  try {
    return parseBounded(text, 1000)
  } catch {
    return undefined
  }
}
