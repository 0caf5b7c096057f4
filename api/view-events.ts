import type { Operation } from './apps/operation.ts'
import type { InventoryApp } from './cluster/feed/inventory.ts'
import type { JoinAttempt } from './cluster/joining/join-attempts.ts'
import type { ClusterNode } from './cluster/members/node-registry.ts'
import type { NodeEventHub } from './cluster/node-events.ts'
import type { ThingKind } from './engine/thing.ts'
import type { EventHub } from './events.ts'

/** Events that viewers receive as they happen. */
export interface ViewEvents {
  node: ClusterNode
  /** The node's id. The node can still be looked up during this event. */
  nodeRemoved: string
  app: InventoryApp
  appRemoved: { id: string; nodeId: string }
  operation: Operation
  /** Some containers, images, volumes or networks of a node changed. */
  things: { nodeId: string; kind: ThingKind }
  /** The id of a node whose stats, or their freshness, changed. */
  stats: string
  settings: undefined
  /** On a secondary: the primary's URL changed. */
  primaryMoved: undefined
  /** This node's own state changed, such as whether its primary answers. */
  server: undefined
  /** The id of a session or token that has ended. */
  credentialEnded: string
  /** Who can sign in, how, as what or where they are signed in changed, or an invitation did. */
  people: undefined
  joinAttempt: JoinAttempt
  /** The set of open alarms, or the message of one, changed. */
  alarms: undefined
  /** The id of a new line of the audit log. */
  audit: number
  /** The id of a notification channel whose messages changed. */
  messages: string
}

/** Passes node events on to viewers. */
export function tellViewers(deps: {
  events: EventHub<ViewEvents>
  nodeEvents: NodeEventHub
  findNode: (id: string) => ClusterNode | undefined
}): void {
  const { events, nodeEvents, findNode } = deps
  /** Whether the state of a node's containers is known depends on the node and its Docker. */
  const doubtThings = (nodeId: string): void => void events.emit('things', { nodeId, kind: 'container' })
  nodeEvents.on('changed', 'viewers', ({ node, before }) => {
    events.emit('node', node)
    if (before && before.status !== node.health.status) doubtThings(node.id)
  })
  nodeEvents.on('detailsChanged', 'viewers', (nodeId) => {
    const node = findNode(nodeId)
    if (node) events.emit('node', node)
    doubtThings(nodeId)
  })
  nodeEvents.on('removed', 'viewers', (nodeId) => {
    events.emit('nodeRemoved', nodeId)
    doubtThings(nodeId)
  })
  nodeEvents.on('statsChanged', 'viewers', (nodeId) => events.emit('stats', nodeId))
  nodeEvents.on('operationChanged', 'viewers', (operation) => events.emit('operation', operation))
}
