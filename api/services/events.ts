import type { Operation } from '../apps/operation.ts'
import type { InventoryApp } from '../cluster/inventory.ts'
import type { LinkWire } from '../cluster/link-wire.ts'
import type { JoinAttempt } from '../nodes/join-attempts.ts'
import type { ClusterNode } from '../nodes/node-registry.ts'

/** What viewers are told as it happens. */
export interface ViewEvents {
  node: ClusterNode
  /** Its id; it is still known while this is told. */
  nodeRemoved: string
  app: InventoryApp
  appRemoved: { id: string; nodeId: string }
  operation: Operation
  /** The id of a node that has said everything it knows. */
  snapshot: string
  /** The id of the node whose stats, or whose state, changed. */
  stats: string
  settings: undefined
  /** On a secondary: its primary is elsewhere now. */
  primaryMoved: undefined
  /** What this node says of itself, such as whether its primary answers. */
  server: undefined
  /** The id of a session or token that is over. */
  credentialEnded: string
  joinAttempt: JoinAttempt
  /** Which alarms are open, or what they say, changed. */
  alarms: undefined
}

/** What other nodes did at this node's door, and what happened to its machine; a role decides what follows from it. */
export interface NodeCallEvents {
  /** The id of a caller that proved its key. */
  authenticated: string
  /** Its reader has opened this node's event stream. */
  streamOpened: string
  /** Its reader has left this node's event stream, or was cut off. */
  streamClosed: string
  /** The primary says that its settings have changed. */
  settingsChanged: undefined
  /** The primary has opened a link to this node. */
  linkOpened: LinkWire
  /** This node has opened a link to its primary. */
  primaryReached: undefined
  /** The primary has made another key for this node. */
  keyTaken: undefined
  /** There is reason not to wait for the next turn: this machine slept, its addresses changed, or it has just joined. */
  callHome: undefined
  /** This program did not run for so many milliseconds. */
  stoodStill: number
}
