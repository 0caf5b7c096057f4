import type { Operation } from '../apps/operation.ts'
import type { Log } from '../log.ts'
import { createOrderedHub } from '../ordered-events.ts'
import type { FeedReading } from './feed/feed-wire.ts'
import type { ClusterNode } from './members/node-registry.ts'
import type { NodeHealth } from './members/node-status.ts'

/** What happens to nodes. Nodes are named by their id. */
export interface NodeEvents {
  /** The node's record or health changed. `before` is its health before; undefined for a new node. */
  changed: { node: ClusterNode; before: NodeHealth | undefined }
  /** Its status changed. Follows `changed`. */
  statusChanged: ClusterNode
  /** Something that people see changed outside its record: its session or its conditions. */
  detailsChanged: string
  /** It is being removed. It can still be looked up during this event. */
  removed: string
  /** It has a new key. The previous one still works for a while. */
  keyChanged: string
  /** It reported about itself: over its event stream, in a heartbeat, or in the answer to a check. */
  reported: { nodeId: string } & FeedReading
  /** Its snapshot replaced what was known about what it runs. */
  snapshotApplied: string
  statsChanged: string
  operationChanged: Operation
  /** A link to it is open. */
  linkOpened: string
  /** Its link ended, and there is no other. */
  linkLost: string
  /** Its event stream was lost (`held`), or could not be opened. */
  sessionLost: { nodeId: string; held: boolean }
}

/** The subscribers of each event, first to last. Each room subscribes in the file that builds it. */
const order = {
  // Alarms ask the history how long a node has been down. Viewers ask for alarms and audit lines.
  changed: ['history', 'totals', 'alarms', 'app alarms', 'audit', 'viewers'],
  // First what is shown of the node's apps, then what calls the node.
  statusChanged: ['inventory', 'streams', 'key changes'],
  detailsChanged: ['viewers'],
  // Viewers last: when they hear of it, no room has anything left of the node. `membership.ts` then closes its stream and link.
  removed: [
    'inventory',
    'history',
    'totals',
    'alarms',
    'all alarms',
    'docker',
    'clones',
    'probe',
    'key changes',
    'misbehavior',
    'unread',
    'audit',
    'viewers',
  ],
  keyChanged: ['former keys'],
  // The inventory may add to what could not be read.
  reported: ['unread', 'about', 'dialback', 'inventory'],
  snapshotApplied: ['app alarms', 'audit'],
  statsChanged: ['viewers', 'docker', 'totals', 'node alarms'],
  operationChanged: ['audit', 'app alarms', 'viewers'],
  // A node with a link is online, and its stream moves to the link.
  linkOpened: ['registry', 'streams'],
  linkLost: ['lost sessions'],
  sessionLost: ['alarms', 'lost sessions'],
} as const satisfies Record<keyof NodeEvents, readonly string[]>

export type NodeEventHub = ReturnType<typeof createNodeEvents>

/** Tells the cluster's rooms what happens to its nodes, so the rooms need not know each other. */
export const createNodeEvents = ({ log }: { log: Log }) => createOrderedHub<NodeEvents, typeof order>({ order, log })
