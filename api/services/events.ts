import type { Operation } from '../apps/operation.ts'
import type { InventoryApp } from '../cluster/feed/inventory.ts'
import type { LinkWire } from '../cluster/transport/link-wire.ts'
import type { JoinAttempt } from '../cluster/joining/join-attempts.ts'
import type { ClusterNode } from '../cluster/members/node-registry.ts'

/** Events that viewers receive as they happen. */
export interface ViewEvents {
  node: ClusterNode
  /** The node's id. The node can still be looked up during this event. */
  nodeRemoved: string
  app: InventoryApp
  appRemoved: { id: string; nodeId: string }
  operation: Operation
  /** The id of a node whose snapshot has been applied. */
  snapshot: string
  /** The id of a node whose stats, or their freshness, changed. */
  stats: string
  settings: undefined
  /** On a secondary: the primary's URL changed. */
  primaryMoved: undefined
  /** This node's own state changed, such as whether its primary answers. */
  server: undefined
  /** The id of a session or token that has ended. */
  credentialEnded: string
  joinAttempt: JoinAttempt
  /** The set of open alarms, or the message of one, changed. */
  alarms: undefined
}

/** Calls from other nodes, and events on this node's machine. What happens next depends on the role. */
export interface NodeCallEvents {
  /** The id of a caller that proved its key. */
  authenticated: string
  /** A caller opened this node's event stream. */
  streamOpened: string
  /** The reader closed this node's event stream, or was disconnected. */
  streamClosed: string
  /** The primary announced that its settings have changed. */
  settingsChanged: undefined
  /** The primary opened a link to this node. */
  linkOpened: LinkWire
  /** This node opened a link to its primary. */
  primaryReached: undefined
  /** This node adopted a new key from the primary. */
  keyTaken: undefined
  /** Call the primary now instead of waiting: this machine slept, its addresses changed, or the node just joined. */
  callHome: undefined
  /** How long this program was suspended, in milliseconds. */
  stoodStill: number
}
