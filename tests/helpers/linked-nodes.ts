import type { ExecutionContext } from 'ava'
import { pino } from 'pino'
import { systemClock } from '../../api/clock.ts'
import { readConfig } from '../../api/config.ts'
import { startNode } from '../../api/program.ts'
import type { LinkedNode, LinkedNodesApi } from '../bench/helpers/linked-nodes.ts'
import { startWorker, type Worker } from '../bench/helpers/worker.ts'
import { freePort } from './free-port.ts'
import type { NodeProcess } from './node-process.ts'

/** Nothing listens here, so the nodes can be reached only over links. */
const nowhere = 'http://127.0.0.1:9'

export const manyNodes = (count: number): LinkedNode[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`,
    apiKey: `key-of-node-${index}`,
  }))

/** Adds nodes to a stopped primary's database, because over HTTP a user can register only two a second. @returns the primary's version */
export async function enrol(primary: NodeProcess, nodes: LinkedNode[]): Promise<string> {
  const port = await freePort()
  const config = readConfig({ SERVER_ADDRESS: `127.0.0.1:${port}`, DATABASE_PATH: primary.databasePath, NODE_NAME: 'primary' })
  const { services, stop } = await startNode({ config, clock: systemClock, random: Math.random, log: pino({ level: 'silent' }) })
  for (const { id, apiKey } of nodes) {
    await services.members.registry.register({ id, name: `node-${id.slice(-4)}`, apiEndpoint: nowhere, apiKey })
  }
  await stop()
  return services.version
}

/** Simulated nodes in a separate process, which ends with the test. */
export function linkedNodes(t: ExecutionContext<unknown>): Worker<LinkedNodesApi> {
  const worker = startWorker<LinkedNodesApi>(new URL('../bench/helpers/linked-nodes.ts', import.meta.url))
  t.teardown(worker.end)
  return worker
}
