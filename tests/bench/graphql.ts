import type { BenchContext, Figure } from './bench.ts'
import { compareWithBareServer } from './helpers/compare.ts'
import type { LoadRequest } from './helpers/load-client.ts'
import { makeNodes, startNodes } from './helpers/nodes.ts'
import { folderWith, sendHeartbeats, startPrimary } from './helpers/primary.ts'
import { untilAppsAreKnown } from './helpers/queries.ts'

const nodeFields =
  'id name apiEndpoint isPrimary status statusSince statusReason lastSeen lastHealthCheck consecutiveFailures nextCheckAt createdAt'

const documents = {
  'page of 50 nodes': `query { nodes(first: 50) { nodes { ${nodeFields} } pageInfo { hasNextPage endCursor } totalCount } }`,
  'page of 50 apps, 100 containers': `query {
    apps(first: 50) {
      nodes {
        id name description status statusReason lastKnownStatus desiredState asOf createdAt updatedAt
        node { id name apiEndpoint isPrimary status statusReason }
        containers { id name service image state health statusText exitCode createdAt ports { hostIp hostPort containerPort protocol } }
      }
      pageInfo { hasNextPage endCursor }
      totalCount
    }
  }`,
  'smallest query': 'query { viewer { name } }',
}

/** The dashboard's pages, in a cluster of 50 nodes with 2 apps each and in a large one. */
export async function graphql(context: BenchContext): Promise<Figure[]> {
  const large = context.short ? 100 : 1000
  return [
    ...(await measure(context, 50, documents)),
    ...(await measure(context, large, { [`page of 50 of ${large} nodes`]: documents['page of 50 nodes'] })),
  ]
}

async function measure(context: BenchContext, count: number, queries: Record<string, string>): Promise<Figure[]> {
  const { nodes } = await startNodes(context, makeNodes(count), { appsPerNode: 2, statsEveryMs: 0 })
  const primary = await startPrimary(context, await folderWith(context, nodes))
  await sendHeartbeats(primary.origin, nodes)
  await untilAppsAreKnown(primary.origin, nodes.length * 2)
  const figures: Figure[] = []
  for (const [name, query] of Object.entries(queries)) {
    const request: LoadRequest = {
      method: 'POST',
      path: '/graphql',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ query }),
    }
    figures.push(...(await compareWithBareServer(context, name, primary, { requests: [request], connections: 10 })))
  }
  await primary.end()
  return figures
}
