import type { EventStreams } from './feed/event-streams.ts'
import { conditionsOf, type NodeCondition } from './health/conditions.ts'
import type { Health } from './health/health.ts'
import type { Keys } from './keys/keys.ts'
import type { MisbehavingNodes } from './limits/misbehavior.ts'
import type { Clones } from './members/clones.ts'
import type { ClusterNode } from './members/node-registry.ts'
import { hostAsSeenFromHere } from './transport/node-address.ts'
import type { Links } from './transport/links.ts'

/** What people see of a node besides its record, collected from the rooms. */
export function createNodeDetails(deps: {
  selfId: string
  ourVersion: string
  clones: Clones
  misbehavior: MisbehavingNodes
  links: Links
  streams: EventStreams
  health: Health
  keys: Keys
}) {
  const { selfId, ourVersion, clones, misbehavior, links, streams, health, keys } = deps
  return {
    conditionsOf: (node: ClusterNode): NodeCondition[] =>
      conditionsOf(node, {
        ...health.knownOf(node.id),
        copy: clones.copyOf(node.id),
        keyOverdue: keys.overdue(node),
        misbehavior: misbehavior.of(node.id),
        ourVersion,
      }),

    /** Where browsers reach the ports that a node's containers publish. `localhost` is this machine; null if it is not known. */
    hostOf: ({ id, apiEndpoint }: ClusterNode): string | null =>
      hostAsSeenFromHere(apiEndpoint, id === selfId ? '127.0.0.1' : clones.calledFrom(id)),

    /** The current session with a node and its transport. */
    sessionOf(nodeId: string) {
      const session = streams.sessionOf(nodeId)
      return session && { ...session, transport: links.get(nodeId) ? ('link' as const) : ('direct' as const) }
    },
  }
}
