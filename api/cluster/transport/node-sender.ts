import { fetch, type Pool, type Response } from 'undici'
import { bounds, cut } from '../../bounds.ts'
import { nodeTimeHeader, waitsUntilHeader } from '../../caller-patience.ts'
import { systemClock } from '../../clock.ts'
import { operationIdHeader } from '../../operation-request.ts'
import type { NodeAddress } from '../members/node-registry.ts'
import type { CallRequest } from './call-request.ts'
import { isBrokenConnection } from './failure-words.ts'
import { fetchOver, type WireRequest } from './link-fetch.ts'
import type { Link } from './links.ts'
import { unreachable } from './node-call-error.ts'
import type { Lane, Lanes } from './node-lanes.ts'

/** How a call is sent: only over the node's link, only over plain HTTP, or over the link if there is one. */
export type Route = 'link' | 'direct' | 'any'

/** What a caller can say about one call besides its input. */
export interface CallOptions {
  /** The person on whose behalf this node calls. The other node writes the name to its audit log. */
  onBehalfOf?: string | undefined
  /** The id of the operation that the call starts. */
  operationId?: string | undefined
  deadlineMs?: number | undefined
  signal?: AbortSignal
  via?: Route
  /** A health check. It has its own sockets, so other calls and their limits here do not look like a fault of the node. */
  isProbe?: boolean
}

/** A request to send now: all that is left open is which way it goes. */
export interface Sending extends CallRequest, Omit<CallOptions, 'deadlineMs'> {
  /** The content type of the answer, and of what is streamed to the node. */
  accept: string
  /** Goes to the node as it is written, instead of a JSON body. */
  writes?: AsyncIterable<Uint8Array>
  kind: 'pool' | 'probes' | 'streams'
  signal: AbortSignal
  /** How long the caller waits for the answer; null for a stream. */
  waitsMs: number | null
}

/** A node starts a change only if it reads the call this long before the call fails here. */
const marginMs = 1000
/** An answer that took longer than this does not tell the node's time well enough. */
const quickMs = 1000

export type NodeSender = ReturnType<typeof createNodeSender>

/** Sends one request to a node over its link or plain HTTP, with this node's credentials. */
export function createNodeSender({
  selfId,
  instance,
  linkOf,
  lanes,
}: {
  selfId: string
  instance: { instanceId: string; hostname: string } | undefined
  linkOf: (nodeId: string) => Link | undefined
  lanes: Lanes
}) {
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

  /** The link for a call; null for plain HTTP. @throws NODE_UNREACHABLE if only a link would do and there is none now */
  function linkFor(address: NodeAddress, via: Route): Link | null {
    const link = via === 'direct' ? undefined : linkOf(address.id)
    if (!link && (via === 'link' || (via === 'any' && address.connection === 'link')))
      throw unreachable(address, 'has no open link at the moment')
    return link ?? null
  }

  async function dispatch(address: NodeAddress, pool: Pool, link: Link | null, { path, ...call }: WireRequest): Promise<Response> {
    const askedAt = systemClock.now().getTime()
    const response = await (link
      ? fetchOver(link.session, { path, ...call })
      : fetch(address.apiEndpoint + path, { ...call, body: call.body ?? null, duplex: 'half', redirect: 'manual', dispatcher: pool }))
    const now = systemClock.now().getTime()
    const lane = lanes.find(address.id)
    const nodeTime = Number(response.headers.get(nodeTimeHeader) ?? Number.NaN)
    // The answer's way here makes this too small, so the node refuses too early rather than too late.
    if (lane && Number.isSafeInteger(nodeTime) && now - askedAt <= quickMs) lane.aheadMs = nodeTime - now
    return response
  }

  /** Until when a change can start, by the node's clock: before the call ends here at its deadline or with a silent link. */
  function patience({ aheadMs }: Lane, link: Link | null, { method, waitsMs }: Sending): Record<string, string> {
    if (method === 'GET' || aheadMs === null || waitsMs === null) return {}
    const leftMs = Math.min(waitsMs, link?.watch.lastsMs() ?? Infinity) - marginMs
    return { [waitsUntilHeader]: String(Math.round(systemClock.now().getTime() + aheadMs + leftMs)) }
  }

  return {
    headersFor,

    /** @throws NODE_UNREACHABLE, or the error of the connection */
    async send(address: NodeAddress, sending: Sending): Promise<Response> {
      const { method, path, body, writes, accept, onBehalfOf, operationId, via = 'any', kind, signal } = sending
      const json = body === undefined ? undefined : JSON.stringify(body)
      const lane = lanes.of(address)
      const headers = {
        ...headersFor(address),
        accept,
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...(writes === undefined ? {} : { 'content-type': accept }),
        ...(operationId === undefined ? {} : { [operationIdHeader]: operationId }),
        ...(onBehalfOf === undefined ? {} : { 'x-on-behalf-of': encodeURIComponent(cut(onBehalfOf, bounds.personName).toWellFormed()) }),
      }
      const call = { method, path, headers, body: writes ?? json, signal }
      try {
        const link = linkFor(address, via)
        return await dispatch(address, lane[kind], link, { ...call, headers: { ...headers, ...patience(lane, link, sending) } })
      } catch (error) {
        // A kept-alive connection may have died while idle. Only calls that change nothing are sent twice. A stream that
        // cannot be opened is opened again by its reader.
        if (method !== 'GET' || kind === 'streams' || signal.aborted || !isBrokenConnection(error)) throw error
        return await dispatch(address, lanes.renew(lane, kind), linkFor(address, via), call)
      }
    },
  }
}
