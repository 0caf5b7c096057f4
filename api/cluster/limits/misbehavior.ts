import type { Clock } from '../../clock.ts'
import { backoffMs } from '../../retry.ts'

/** How long misbehavior is shown after it was last seen. */
const shownMs = 15 * 60_000
/** Repeats by the same node are logged and reported at most this often. */
const quietMs = 60_000
const bars = { firstMs: 5000, longestMs: 5 * 60_000 }

/** A node sent more than, or something other than, it is allowed to. The message follows the node's name: "sent more than ...". */
export class Misbehavior extends Error {
  override readonly name = 'Misbehavior'
}

export type MisbehavingNodes = ReturnType<typeof createMisbehavingNodes>

/**
 * Nodes that send what no node should: too much, too often, or in another node's name. Each is reported with a reason. If a
 * node's connection had to be cut, it is barred for a time that doubles with every repeat.
 */
export function createMisbehavingNodes(deps: { onSeen: (nodeId: string, what: string) => void; clock: Clock }) {
  const { clock } = deps
  const seen = new Map<string, { what: string; since: Date; lastAt: number; toldAt: number }>()
  const barred = new Map<string, { until: number; count: number }>()

  function note(nodeId: string, what: string): void {
    const now = clock.now().getTime()
    const known = seen.get(nodeId)
    const isSame = known?.what === what && now - known.lastAt < shownMs
    const isTold = isSame && now - known.toldAt < quietMs
    seen.set(nodeId, { what, since: isSame ? known.since : new Date(now), lastAt: now, toldAt: isTold ? known.toldAt : now })
    if (!isTold) deps.onSeen(nodeId, what)
  }

  return {
    note,

    /** Call when the node's connection is cut. */
    cut(nodeId: string, what: string): void {
      const now = clock.now().getTime()
      const before = barred.get(nodeId)
      const count = before && now - before.until < shownMs ? before.count + 1 : 0
      barred.set(nodeId, { until: now + backoffMs(bars, count), count })
      note(nodeId, what)
    },

    /** How much longer the node is barred from connections in either direction, in ms. 0 if it is not barred. */
    barMs: (nodeId: string): number => {
      const left = (barred.get(nodeId)?.until ?? 0) - clock.now().getTime()
      // More time left than the longest bar means that the clock was set back.
      return left > bars.longestMs ? 0 : Math.max(0, left)
    },

    /** The node's recent misbehavior. Null if there is none. */
    of(nodeId: string): { what: string; since: Date } | null {
      const known = seen.get(nodeId)
      return known && clock.now().getTime() - known.lastAt < shownMs ? { what: known.what, since: known.since } : null
    },

    forget(nodeId: string): void {
      seen.delete(nodeId)
      barred.delete(nodeId)
    },
  }
}
