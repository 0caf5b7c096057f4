import type { ConnectionMode } from '../../api/cluster/members/node-about.ts'
import { followNodes, nodeFields, type SeenNode } from './cluster.ts'
import { ask, follow } from './graphql.ts'
import { startNetwork, type FaultyHost } from './network.ts'
import { nodeProcess, type NodeProcess } from './node-process.ts'
import type { Seen } from './seen.ts'
import type { TestContext } from './test-context.ts'

export interface WatchedNode extends SeenNode {
  statusSince: string
  statusSignal: string
  lastSeen: string | null
  session: { generation: number } | null
}

/** A cluster node on a host whose network can be broken. */
export interface Member<Host extends FaultyHost = FaultyHost> {
  id: string
  name: string
  process: NodeProcess
  host: Host
}

export type FaultyCluster = Awaited<ReturnType<typeof faultyCluster>>

/** No Docker, because only the network matters here. */
const withoutDocker = { DOCKER_HOST: 'unix:///nonexistent/docker.sock' }

/** A primary in its own process and network, to which nodes can be added. All are removed after the test. */
export async function faultyCluster(t: TestContext) {
  const network = await startNetwork(t)
  const primary = await nodeProcess(t, { ...withoutDocker, NODE_NAME: 'primary' }, network.primary)
  await primary.start()

  return {
    network,
    primary,

    /** Subscribes to every node's current state and changes. Ends when the primary restarts. */
    watch: (): Seen<WatchedNode> =>
      follow<WatchedNode>(
        t,
        primary,
        `subscription { nodeStatusChanged { ${nodeFields} statusSince statusSignal lastSeen session { generation } } }`,
      ),

    /** Starts a node on this host and registers it. Resolves when it is online. */
    async add<Host extends FaultyHost>(name: string, host: Host, connection: ConnectionMode = 'direct'): Promise<Member<Host>> {
      let endpoint = ''
      const settings = async (_url: string, port: number) => {
        endpoint = await host.endpoint(port)
        const urls = { NODE_API_ENDPOINT: endpoint, PRIMARY_NODE_URL: await host.primaryUrl(primary.port) }
        return { ...withoutDocker, ...urls, NODE_NAME: name, NODE_IS_PRIMARY: 'false', NODE_CONNECTION: connection }
      }
      const process = await nodeProcess(t, settings, host)
      await process.start()
      const { id, key } = await process.identity()
      await ask(primary, 'mutation ($input: RegisterNodeInput!) { registerNode(input: $input) { id } }', {
        input: { id, name, apiEndpoint: endpoint, apiKey: key },
      })
      await followNodes(t, primary).first((node) => node.id === id && node.status === 'ONLINE')
      return { id, name, process, host }
    },

    /** Every status change of a node in the primary's log, across restarts, as `from -> to`. */
    changesOf: ({ name }: Member): string[] =>
      primary.log.values
        .filter(({ msg, node }) => msg === 'node status changed' && node === name)
        .map(({ from, to }) => `${String(from)} -> ${String(to)}`),
  }
}
