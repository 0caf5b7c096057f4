import type { BenchContext, Figure } from './bench.ts'
import { compareWithBareServer } from './helpers/compare.ts'
import { heartbeatOf, makeNodes, startNodes } from './helpers/nodes.ts'
import { folderWith, sendHeartbeats, startPrimary } from './helpers/primary.ts'

/** Heartbeats through the whole path: port, credentials, registry, answer. From a thousand nodes, because each is rate-limited. */
export async function heartbeats(context: BenchContext): Promise<Figure[]> {
  const { nodes } = await startNodes(context, makeNodes(1000), { appsPerNode: 0, statsEveryMs: 0 })
  const primary = await startPrimary(context, await folderWith(context, nodes))
  await sendHeartbeats(primary.origin, nodes)
  const requests = nodes.map(heartbeatOf)
  return [
    ...(await compareWithBareServer(context, 'one after another', primary, { requests, connections: 1 })),
    ...(await compareWithBareServer(context, '50 at once', primary, { requests, connections: 50 })),
  ]
}
