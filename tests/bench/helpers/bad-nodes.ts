import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { feedEventToJson } from '../../../api/cluster/feed/feed-wire.ts'
import type { FeedEvent } from '../../../api/cluster/feed/feed-event.ts'
import { systemClock } from '../../../api/clock.ts'
import { createLinkDialer } from '../../../api/cluster/transport/link-dialer.ts'
import { createLinkServer, keepAlive, type LinkWatch, type LinkWire } from '../../../api/cluster/transport/link-socket.ts'
import { toWire } from '../../../api/wire.ts'
import { frame } from '../../helpers/raw-link.ts'
import type { LinkedNode } from './linked-nodes.ts'
import { appsOf, statsOf } from './simulated-things.ts'
import { answer } from './worker.ts'

// Nodes that misbehave, each in one way, as fast as they can.

export const badWays = ['hung', 'slow', 'babbling', 'gigantic', 'lying', 'flooding'] as const
export type BadWay = (typeof badWays)[number]

const event = (value: FeedEvent): string => `data: ${feedEventToJson(value)}\n\n`
const letters = 'x'.repeat(64 * 1024)

/** Repeats the same data as fast as the other side reads. */
function endless(response: ServerResponse, text: () => string): void {
  const forEver = function* (): Generator<string> {
    for (;;) yield text()
  }
  Readable.from(forEver())
    .on('error', () => undefined)
    .pipe(response)
    .on('error', () => undefined)
}

function drip(response: ServerResponse): void {
  const timer = setInterval(() => response.write(' '), 1000)
  response.once('close', () => clearInterval(timer))
}

const respondAs =
  ({ id }: LinkedNode, way: BadWay): RequestListener =>
  (request, response) => {
    request.resume()
    response.on('error', () => undefined)
    if (way === 'hung') return
    if (way === 'slow') return drip(response)
    const isStats = request.url === '/api/internal/system/stats'
    if (way === 'gigantic') return endless(response, () => letters)
    const other = { id: crypto.randomUUID() }
    if (isStats) return void response.end(JSON.stringify(toWire(statsOf(way === 'lying' ? other : { id }))))
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    if (way === 'flooding') return
    const speaker = way === 'lying' ? other : { id }
    const [app] = appsOf(speaker, 1)
    if (app) endless(response, () => event({ type: 'app', app }))
  }

/** Nodes over plain HTTP. @returns their endpoints in order */
const listen = ({ nodes, way }: { nodes: LinkedNode[]; way: BadWay }): Promise<string[]> =>
  Promise.all(
    nodes.map(async (node) => {
      const server = createServer(respondAs(node, way))
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    }),
  )

/** Nodes over links, which they reopen as a real node does. */
function link({ nodes, way, origin }: { nodes: LinkedNode[]; way: BadWay; origin: string }): void {
  for (const node of nodes) {
    const server = createLinkServer(respondAs(node, way))
    const use = (wire: LinkWire): LinkWatch => {
      const session = server.answerOver(wire).on('error', () => undefined)
      if (way === 'flooding') flood(wire)
      return keepAlive(session, wire, systemClock)
    }
    createLinkDialer({
      target: () => ({ endpoint: origin, headers: { 'x-node-id': node.id, 'x-node-api-key': node.apiKey } }),
      use,
      onFailed: () => undefined,
      clock: systemClock,
      random: Math.random,
    }).start()
  }
}

const pings = Buffer.concat(Array.from({ length: 200 }, () => frame('ping', 0, Buffer.alloc(8))))

function flood({ socket }: LinkWire): void {
  const more = (): void => {
    if (socket.readyState === socket.OPEN) socket.send(pings, () => setImmediate(more))
  }
  more()
}

answer({ listen, link })

export type BadNodesApi = { listen: typeof listen; link: typeof link }
