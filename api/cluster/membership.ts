import type { HealthChecks } from '../nodes/health-checks.ts'
import type { RegisterNodeInput, UpdateNodeInput } from '../nodes/node-input.ts'
import type { ClusterNode, NodeRegistry } from '../nodes/node-registry.ts'
import type { EventStreams } from './event-streams.ts'
import type { NodeClient } from './node-client.ts'

export type Membership = ReturnType<typeof createMembership>

/** Nodes come, change their address and go: the registry says who they are, the rest follows. */
export function createMembership(deps: { registry: NodeRegistry; checks: HealthChecks; streams: EventStreams; client: NodeClient }) {
  const { registry, checks, streams } = deps

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

    /** @throws NOT_FOUND, INVALID_INPUT, CONFLICT */
    async update(id: string, input: UpdateNodeInput): Promise<ClusterNode> {
      const { node, addressChanged } = await registry.update(id, input)
      return addressChanged ? meet(id) : node
    },

    /** Forgets a node. What runs on it goes on running there. @throws NOT_FOUND, FORBIDDEN */
    async remove(id: string): Promise<void> {
      await registry.remove(id)
      streams.close(id)
      deps.client.forget(id)
    },
  }
}
