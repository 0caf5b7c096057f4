import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createSilentServer, type AddressInfo, type Server } from 'node:net'
import type { App } from '../../../api/apps/app.ts'
import { feedEventToJson } from '../../../api/cluster/feed-wire.ts'
import type { NodeStats } from '../../../api/monitoring/node-stats.ts'
import { toWire } from '../../../api/wire.ts'
import type { SimulatedNode } from './nodes.ts'
import { answer } from './worker.ts'

// Many nodes in one process: each has its own origin and says on its event stream what a real one says, as often.

const keepaliveMs = 3000
let open = 0

interface Ways {
  appsPerNode: number
  /** 0: never. */
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
  const apps = Array.from({ length: ways.appsPerNode }, (_, index) => appOf(node, index))
  response.write(`: keepalive\n\ndata: ${feedEventToJson({ type: 'snapshot', apps, operations: [] })}\n\n`)
  const timers = [setInterval(() => response.write(': keepalive\n\n'), keepaliveMs)]
  const sayStats = () => response.write(`data: ${feedEventToJson({ type: 'stats', stats: statsOf(node) })}\n\n`)
  if (ways.statsEveryMs > 0) {
    // Real nodes do not measure in step.
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

const gib = 2 ** 30

const statsOf = (node: SimulatedNode): NodeStats => ({
  nodeId: node.id,
  asOf: new Date(),
  cpu: { usagePercent: 12.5, cores: 4 },
  memory: { totalBytes: 8 * gib, usedBytes: 3 * gib, availableBytes: 5 * gib, swapTotalBytes: 2 * gib, swapUsedBytes: 0 },
  disks: [{ mount: '/', filesystem: 'ext4', totalBytes: 100 * gib, usedBytes: 40 * gib }],
  load: [0.5, 0.4, 0.3],
  uptimeSeconds: 1_000_000,
  docker: { available: true, error: null, version: '28.0.0', running: 3, paused: 0, stopped: 1, images: 12 },
  containers: Array.from({ length: 3 }, (_, index) => ({
    id: `${node.id}-${index}`,
    name: `app-${index}-web-1`,
    appName: `app-${index}`,
    state: 'running',
    cpuPercent: 1.5,
    memoryBytes: 64 * 2 ** 20,
    memoryLimitBytes: 8 * gib,
    networkRxBytes: 123_456,
    networkTxBytes: 654_321,
    blockReadBytes: 1000,
    blockWriteBytes: 2000,
  })),
})

function appOf(node: SimulatedNode, index: number): App {
  const name = `app-${index}`
  const started = new Date('2026-01-01T00:00:00Z')
  return {
    id: node.id.replace('-8000-', `-${(0x9000 + index).toString(16)}-`),
    nodeId: node.id,
    name,
    description: 'A web server with its cache',
    composeContent: `services:\n  web:\n    image: nginx:1.29\n    ports:\n      - "${8000 + index}:80"\n  cache:\n    image: redis:8\n`,
    desiredState: 'running',
    status: 'running',
    statusReason: null,
    containers: ['web', 'cache'].map((service) => ({
      id: `${node.id}-${index}-${service}`,
      name: `${name}-${service}-1`,
      service,
      image: service === 'web' ? 'nginx:1.29' : 'redis:8',
      state: 'running',
      health: null,
      statusText: 'Up 3 minutes',
      exitCode: null,
      ports: service === 'web' ? [{ hostIp: '0.0.0.0', hostPort: 8000 + index, containerPort: 80, protocol: 'tcp' }] : [],
      createdAt: started,
    })),
    asOf: started,
    createdAt: started,
    updatedAt: started,
  }
}

const handlers = { listen, openStreams: (_: null) => open }

answer(handlers)

export type SimulatedNodesApi = typeof handlers
