import { median, quantile, type BenchContext, type Figure } from './bench.ts'
import type { BareServerApi } from './helpers/bare-server.ts'
import { heartbeatOf, makeNodes, startNodes, type ReachableNode } from './helpers/nodes.ts'
import { folderWith, sendHeartbeats, startPrimary } from './helpers/primary.ts'
import { cpuMsOf } from './helpers/process-figures.ts'
import { query } from './helpers/queries.ts'
import type { SubscribersApi } from './helpers/subscribers.ts'
import { startWorker, type Worker } from './helpers/worker.ts'

const subscriberCount = 100
const fields =
  'id name apiEndpoint isPrimary status statusSince statusReason lastSeen lastHealthCheck consecutiveFailures nextCheckAt createdAt'

interface Side {
  origin: string
  pid: number
  subscribers: Worker<SubscribersApi>
}

/** From a heartbeat to the message on every subscriber's WebSocket: for one heartbeat, and for 50 at the same moment. */
export async function fanout(context: BenchContext): Promise<Figure[]> {
  const { nodes } = await startNodes(context, makeNodes(50), { appsPerNode: 0, statsEveryMs: 0 })
  const primary = await startPrimary(context, await folderWith(context, nodes))
  await sendHeartbeats(primary.origin, nodes)
  const ours: Side = { ...primary, subscribers: startSubscribers(context) }
  await ours.subscribers.ask('subscribe', {
    origin: ours.origin,
    query: `subscription { nodeStatusChanged { ${fields} } }`,
    count: subscriberCount,
    nodes: nodes.length + 1,
  })
  const bare = await startBareSide(context, primary.origin, nodes)
  const rounds = context.short ? 20 : 300
  return [
    ...(await compare('1 heartbeat', ours, bare, nodes, 1, rounds)),
    ...(await compare('50 heartbeats', ours, bare, nodes, 50, rounds / 10)),
  ]
}

const startSubscribers = (context: BenchContext): Worker<SubscribersApi> =>
  context.own(startWorker<SubscribersApi>(new URL('./helpers/subscribers.ts', import.meta.url)))

/** A bare server that sends a message of the same size to a hundred WebSockets per request. It always names the first node. */
async function startBareSide(context: BenchContext, origin: string, nodes: ReachableNode[]): Promise<Side> {
  const node = await query<{ node: object }>(origin, `{ node(id: "${nodes[0]?.id ?? ''}") { ${fields} } }`)
  const message = { id: crypto.randomUUID(), type: 'next', payload: { data: { nodeStatusChanged: node.node } } }
  const server = context.own(startWorker<BareServerApi>(new URL('./helpers/bare-server.ts', import.meta.url)))
  const bareOrigin = await server.ask('listen', { headers: {}, body: '{}', broadcast: JSON.stringify(message) })
  const subscribers = startSubscribers(context)
  await subscribers.ask('listen', { origin: bareOrigin, count: subscriberCount })
  return { origin: bareOrigin, pid: server.pid, subscribers }
}

async function compare(name: string, ours: Side, bare: Side, nodes: ReachableNode[], at: number, rounds: number): Promise<Figure[]> {
  const measured = {
    ours: { delays: [] as number[], lastMs: [] as number[], cpuMs: 0 },
    bare: { delays: [] as number[], lastMs: [] as number[], cpuMs: 0 },
  }
  const sides = [
    [ours, measured.ours],
    [bare, measured.bare],
  ] as const
  for (let round = -Math.ceil(rounds / 10); round < rounds; round += 1) {
    for (const [side, into] of sides) {
      const senders = Array.from({ length: at }, (_, index) => nodes[(Math.abs(round) + index) % nodes.length]).filter(
        (node) => node !== undefined,
      )
      // Each request to the bare server makes its own message, always about the same node.
      const nodeIds = side === bare ? [nodes[0]?.id ?? ''] : senders.map(({ id }) => id)
      const cpuBefore = cpuMsOf(side.pid)
      const delays = await side.subscribers.ask('round', {
        origin: side.origin,
        requests: senders.map(heartbeatOf),
        nodeIds,
        messagesPerNode: side === bare ? at : 1,
      })
      if (round < 0) continue
      into.cpuMs += cpuMsOf(side.pid) - cpuBefore
      into.delays.push(...delays)
      into.lastMs.push(Math.max(...delays))
    }
  }
  const messages = rounds * at * subscriberCount
  const note = `${subscriberCount} subscribers, ${messages} messages`
  return [
    { name: `${name}: median delay`, value: quantile(measured.ours.delays, 0.5), unit: 'ms', note },
    { name: `${name}: p99 delay`, value: quantile(measured.ours.delays, 0.99), unit: 'ms' },
    { name: `${name}: last subscriber, bare server`, value: median(measured.bare.lastMs), unit: 'ms', note: 'median of the rounds' },
    {
      name: `${name}: last subscriber, program / bare server`,
      value: median(measured.ours.lastMs) / median(measured.bare.lastMs),
      unit: 'x',
    },
    { name: `${name}: CPU time of the program`, value: (measured.ours.cpuMs / messages) * 1000, unit: 'us', note: 'per message' },
    { name: `${name}: CPU time, program / bare server`, value: measured.ours.cpuMs / measured.bare.cpuMs, unit: 'x' },
  ]
}
