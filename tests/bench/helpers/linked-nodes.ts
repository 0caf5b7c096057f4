import type { IncomingMessage, ServerResponse } from 'node:http'
import { systemClock } from '../../../api/clock.ts'
import { feedEventToJson } from '../../../api/cluster/feed/feed-wire.ts'
import type { FeedEvent } from '../../../api/cluster/feed/feed-event.ts'
import { createLinkDialer, type LinkDialer } from '../../../api/cluster/transport/link-dialer.ts'
import { createLinkServer, keepAlive } from '../../../api/cluster/transport/link-socket.ts'
import { capabilities, type NodeAbout } from '../../../api/cluster/members/node-about.ts'
import { toWire } from '../../../api/wire.ts'
import { appsOf, statsOf } from './simulated-things.ts'
import { answer } from './worker.ts'

// Many nodes behind NAT in one process: each keeps a link to the primary, using the program's dialer, and answers over it.

export interface LinkedNode {
  id: string
  apiKey: string
}

interface Ways {
  /** The primary's URL. */
  origin: string
  version: string
  appsPerNode: number
  statsEveryMs: number
}

const keepaliveMs = 2000
const dialers: LinkDialer[] = []
let open = 0
let dialled = 0

function start({ nodes, ...ways }: { nodes: LinkedNode[] } & Ways): void {
  for (const node of nodes) {
    const dialer = dialerOf(node, ways)
    dialers.push(dialer)
    dialer.start()
  }
}

function dialerOf(node: LinkedNode, ways: Ways): LinkDialer {
  const about: NodeAbout = {
    version: ways.version,
    capabilities: [...capabilities],
    connection: 'link',
    instanceId: crypto.randomUUID(),
    startedAt: new Date(),
    hostname: `host-of-${node.id}`,
    program: null,
  }
  // Like a node that loses its session, it calls at once.
  const lost = (): void => dialer.wake()
  const server = createLinkServer((request, response) => respond({ node, about, ways, lost }, request, response))
  const headers = { 'x-node-id': node.id, 'x-node-api-key': node.apiKey, 'x-node-instance': about.instanceId }
  const dialer: LinkDialer = createLinkDialer({
    target() {
      dialled += 1
      return { endpoint: ways.origin, headers }
    },
    use(wire) {
      const session = server.answerOver(wire)
      session.on('error', () => undefined)
      return keepAlive(session, wire, systemClock)
    },
    onFailed: () => undefined,
    clock: systemClock,
    random: Math.random,
  })
  return dialer
}

interface Side {
  node: LinkedNode
  about: NodeAbout
  ways: Ways
  lost: () => void
}

function respond(side: Side, request: IncomingMessage, response: ServerResponse): void {
  request.resume()
  if (request.url === '/api/internal/events') return follow(side, response)
  if (request.url !== '/api/internal/system/stats') return void response.writeHead(404).end()
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(toWire(statsOf(side.node))))
}

function follow({ node, about, ways, lost }: Side, response: ServerResponse): void {
  open += 1
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  const say = (event: FeedEvent) => response.write(`data: ${feedEventToJson(event)}\n\n`)
  say({ type: 'about', about })
  say({ type: 'snapshot', apps: appsOf(node, ways.appsPerNode), operations: [] })
  const timers = [setInterval(() => response.write(': keepalive\n\n'), keepaliveMs)]
  if (ways.statsEveryMs > 0) timers.push(setInterval(() => say({ type: 'stats', stats: statsOf(node) }), ways.statsEveryMs))
  response.once('close', () => {
    open -= 1
    for (const timer of timers) clearInterval(timer)
    lost()
  })
}

const handlers = {
  start,
  /** How many of their event streams are being read, and how often they have dialed. */
  counts: (_: null) => ({ open, dialled }),
  stop: (_: null) => dialers.forEach((dialer) => dialer.stop()),
}

answer(handlers)

export type LinkedNodesApi = typeof handlers
