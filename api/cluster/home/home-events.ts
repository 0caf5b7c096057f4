import type { LinkWire } from '../transport/link-socket.ts'

/** Calls to this node, and events on its machine. What follows depends on its role. */
export interface HomeEvents {
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
}
