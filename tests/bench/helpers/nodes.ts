import type { BenchContext } from '../bench.ts'
import type { SimulatedNodesApi } from './simulated-nodes.ts'
import type { BlockedListenersApi } from './blocked-listeners.ts'
import { startWorker } from './worker.ts'

/** A node that is only an address that answers, or does not. */
export interface SimulatedNode {
  id: string
  name: string
  apiKey: string
  /** Its own address on this machine, in 127.0.0.0/8. */
  address: string
  /** `silent` accepts connections and never answers. `full` neither accepts nor refuses them, because its backlog is full. */
  kind: 'healthy' | 'silent' | 'full'
}

export type ReachableNode = SimulatedNode & { apiEndpoint: string }

/** @param holes share of the nodes that do not answer: half of these are silent, half full */
export const makeNodes = (count: number, holes = 0): SimulatedNode[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`,
    name: `node-${String(index).padStart(4, '0')}`,
    apiKey: `key-of-node-${index}`,
    address: `127.64.${Math.floor(index / 250)}.${(index % 250) + 1}`,
    kind: index >= count * holes ? 'healthy' : index % 2 === 0 ? 'silent' : 'full',
  }))

/** Starts the nodes in separate processes, each with its own origin. */
export async function startNodes(
  context: BenchContext,
  nodes: SimulatedNode[],
  options: { appsPerNode: number; statsEveryMs: number },
): Promise<{ nodes: ReachableNode[]; openStreams: () => Promise<number>; freeze: () => void }> {
  const worker = startWorker<SimulatedNodesApi>(new URL('./simulated-nodes.ts', import.meta.url))
  const simulated = context.own({ ...worker, end: () => (process.kill(worker.pid, 'SIGCONT'), worker.end()) })
  const endpoints = await simulated.ask('listen', { nodes: nodes.filter(({ kind }) => kind !== 'full'), ...options })
  const full = nodes.filter(({ kind }) => kind === 'full').map(({ address }) => address)
  if (full.length > 0) {
    const blocked = context.own(startWorker<BlockedListenersApi>(new URL('./blocked-listeners.ts', import.meta.url)))
    for (const entry of await blocked.ask('listenAndBlock', full)) endpoints.push(entry)
  }
  const byAddress = new Map(endpoints)
  return {
    nodes: nodes.map((node) => ({ ...node, apiEndpoint: `http://${node.address}:${byAddress.get(node.address) ?? 0}` })),
    openStreams: () => simulated.ask('openStreams', null),
    /** From now on they accept connections and never answer: black holes. */
    freeze: () => void process.kill(simulated.pid, 'SIGSTOP'),
  }
}

export const heartbeatOf = ({ id, apiKey }: SimulatedNode) => ({
  method: 'POST' as const,
  path: `/api/internal/nodes/${id}/heartbeat`,
  headers: { 'X-Node-ID': id, 'X-Node-API-Key': apiKey },
})
