import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSilentServer, type AddressInfo, type Server } from 'node:net'
import { feedEventToJson } from '../../../api/cluster/feed/feed-wire.ts'
import { toWire } from '../../../api/wire.ts'
import type { SimulatedNode } from './nodes.ts'
import { appsOf, statsOf } from './simulated-things.ts'
import { answer } from './worker.ts'

// Many nodes in one process: each has its own origin and sends the same events as a real one, equally often.

const keepaliveMs = 3000
let open = 0

interface Ways {
  appsPerNode: number
  /** 0 for never. */
  statsEveryMs: number
}

async function listen({ nodes, ...ways }: { nodes: SimulatedNode[] } & Ways): Promise<[address: string, port: number][]> {
  return await Promise.all(
    nodes.map(async (node): Promise<[string, number]> => {
      const server: Server = node.kind === 'silent' ? createSilentServer() : createServer(respondAs(node, ways))
      server.on('connection', (socket) => socket.on('error', () => undefined))
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(0, node.address, resolve)
      })
      return [node.address, (server.address() as AddressInfo).port]
    }),
  )
}

const respondAs = (node: SimulatedNode, ways: Ways) => (request: IncomingMessage, response: ServerResponse) => {
  request.resume()
  switch (request.url) {
    case '/api/internal/system/stats':
      response.setHeader('content-type', 'application/json')
      return void response.end(JSON.stringify(toWire(statsOf(node))))
    case '/api/internal/events':
      return follow(node, ways, response)
    default:
      return void response.writeHead(request.method === 'POST' ? 202 : 404).end()
  }
}

function follow(node: SimulatedNode, ways: Ways, response: ServerResponse): void {
  open += 1
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(`: keepalive\n\ndata: ${feedEventToJson({ type: 'snapshot', apps: appsOf(node, ways.appsPerNode), operations: [] })}\n\n`)
  const timers = [setInterval(() => response.write(': keepalive\n\n'), keepaliveMs)]
  const sayStats = () => response.write(`data: ${feedEventToJson({ type: 'stats', stats: statsOf(node) })}\n\n`)
  if (ways.statsEveryMs > 0) {
    // Real nodes do not measure at the same moment.
    timers.push(
      setTimeout(() => {
        sayStats()
        timers.push(setInterval(sayStats, ways.statsEveryMs))
      }, Math.random() * ways.statsEveryMs),
    )
  }
  response.once('close', () => {
    open -= 1
    for (const timer of timers) clearTimeout(timer)
  })
}

const handlers = { listen, openStreams: (_: null) => open }

answer(handlers)

export type SimulatedNodesApi = typeof handlers
