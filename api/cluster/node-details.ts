import type { EventStreams } from './feed/event-streams.ts'
import { conditionsOf, type NodeCondition } from './health/conditions.ts'
import type { Health } from './health/health.ts'
import type { Keys } from './keys/keys.ts'
import type { MisbehavingNodes } from './limits/misbehavior.ts'
import type { Clones } from './members/clones.ts'
import type { ClusterNode } from './members/node-registry.ts'
import type { Links } from './transport/links.ts'

/** What people see of a node besides its record, collected from the rooms. */
export function createNodeDetails(deps: {
  ourVersion: string
  clones: Clones
  misbehavior: MisbehavingNodes
  links: Links
  streams: EventStreams
  health: Health
  keys: Keys
}) {
  const { ourVersion, clones, misbehavior, links, streams, health, keys } = deps
  return {
    conditionsOf: (node: ClusterNode): NodeCondition[] =>
      conditionsOf(node, {
        ...health.knownOf(node.id),
        copy: clones.copyOf(node.id),
        keyOverdue: keys.overdue(node),
        misbehavior: misbehavior.of(node.id),
        ourVersion,
      }),

    /** The current session with a node and its transport. */
    sessionOf(nodeId: string) {
      const session = streams.sessionOf(nodeId)
      return session && { ...session, transport: links.get(nodeId) ? ('link' as const) : ('direct' as const) }
    },
  }
}
