import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { HealthChecks } from '../nodes/health-checks.ts'
import type { RegisterNodeInput, UpdateNodeInput } from '../nodes/node-input.ts'
import type { ClusterNode, NodeRegistry } from '../nodes/node-registry.ts'
import type { EventStreams } from './event-streams.ts'
import type { Links } from './links.ts'
import type { NodeClient } from './node-client.ts'

export type Membership = ReturnType<typeof createMembership>

/** Nodes come, change their address and go: the registry says who they are, the rest follows. */
export function createMembership(deps: {
  registry: NodeRegistry
  checks: HealthChecks
  streams: EventStreams
  links: Links
  client: NodeClient
  log: Log
}) {
  const { registry, checks, streams, links } = deps

  async function meet(id: string): Promise<ClusterNode> {
    streams.open(id)
    return (await checks.checkNow(id)).node
  }

  return {
    /** Registers a node and checks it at once; the answer says how it is. @throws INVALID_INPUT, CONFLICT */
    async register(input: RegisterNodeInput): Promise<ClusterNode> {
      const { id } = await registry.register(input)
      return meet(id)
    },

    /** Registers a node that is on its way here itself: it is checked, but nobody waits for that. @throws INVALID_INPUT, CONFLICT */
    async welcome(input: RegisterNodeInput): Promise<ClusterNode> {
      const node = await registry.register(input)
      // It may have been removed again meanwhile.
      meet(node.id).catch((error: unknown) => deps.log.warn({ node: node.name, error: errorMessage(error) }, 'node could not be checked'))
      return node
    },

    /** @throws NOT_FOUND, INVALID_INPUT, CONFLICT */
    async update(id: string, input: UpdateNodeInput): Promise<ClusterNode> {
      const { node, addressChanged } = await registry.update(id, input)
      // What was opened with the former key or at the former endpoint is over.
      if (addressChanged) {
        links.close(id)
        deps.client.forget(id)
      }
      return addressChanged ? meet(id) : node
    },

    /** Forgets a node. What runs on it goes on running there. @throws NOT_FOUND, FORBIDDEN */
    async remove(id: string): Promise<void> {
      await registry.remove(id)
      streams.close(id)
      links.close(id)
      deps.client.forget(id)
    },
  }
}
