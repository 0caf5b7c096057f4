import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { HealthChecks } from './health/health-checks.ts'
import type { RegisterNodeInput, UpdateNodeInput } from './members/node-input.ts'
import type { ClusterNode, NodeRegistry } from './members/node-registry.ts'
import type { EventStreams } from './feed/event-streams.ts'
import type { Links } from './transport/links.ts'
import type { NodeClient } from './transport/node-client.ts'

export type Membership = ReturnType<typeof createMembership>

/** Adding, changing and removing nodes: updates the registry first, then streams, links, checks and calls. */
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
    /** Registers a node and checks it at once. The result has its status after the check. @throws INVALID_INPUT, CONFLICT */
    async register(input: RegisterNodeInput): Promise<ClusterNode> {
      const { id } = await registry.register(input)
      return meet(id)
    },

    /** Registers a node that is connecting by itself. It is checked, but the caller does not wait for that. @throws INVALID_INPUT, CONFLICT */
    async welcome(input: RegisterNodeInput): Promise<ClusterNode> {
      const node = await registry.register(input)
      // It may already have been removed again.
      meet(node.id).catch((error: unknown) => deps.log.warn({ node: node.name, error: errorMessage(error) }, 'could not check node'))
      return node
    },

    /** @throws NOT_FOUND, INVALID_INPUT, CONFLICT */
    async update(id: string, input: UpdateNodeInput): Promise<ClusterNode> {
      const { node, addressChanged } = await registry.update(id, input)
      // Closes what was opened with the previous key or at the previous endpoint.
      if (addressChanged) {
        links.close(id)
        deps.client.forget(id)
      }
      return addressChanged ? meet(id) : node
    },

    /** Forgets a node. Its apps keep running there. @throws NOT_FOUND, FORBIDDEN */
    async remove(id: string): Promise<void> {
      await registry.remove(id)
      streams.close(id)
      links.close(id)
      deps.client.forget(id)
    },
  }
}
