import type { Clock } from '../../clock.ts'

/** How long misbehaviour is shown after it was last seen. */
const shownMs = 15 * 60_000
/** Repeats by the same node are logged and reported at most this often. */
const quietMs = 60_000
const firstBarMs = 5000
const longestBarMs = 5 * 60_000

export type MisbehavingNodes = ReturnType<typeof createMisbehavingNodes>

/**
 * Nodes that send what no node should: too much, too often, or in another node's name. Each is reported with a reason. If a
 * node's connection had to be cut, it is barred for a time that doubles with every repeat.
 */
export function createMisbehavingNodes(deps: { onSeen: (nodeId: string, what: string) => void; clock: Clock }) {
  const { clock } = deps
  const seen = new Map<string, { what: string; since: Date; lastAt: number; toldAt: number }>()
  const bars = new Map<string, { until: number; count: number }>()

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
      const before = bars.get(nodeId)
      const count = before && now - before.until < shownMs ? before.count + 1 : 0
      bars.set(nodeId, { until: now + Math.min(longestBarMs, firstBarMs * 2 ** Math.min(count, 10)), count })
      note(nodeId, what)
    },

    /** How much longer the node is barred from connections in either direction, in ms. 0 if it is not barred. */
    barMs: (nodeId: string): number => {
      const left = (bars.get(nodeId)?.until ?? 0) - clock.now().getTime()
      // More time left than the longest bar means that the clock was set back.
      return left > longestBarMs ? 0 : Math.max(0, left)
    },

    /** The node's recent misbehaviour. Null if there is none. */
    of(nodeId: string): { what: string; since: Date } | null {
      const known = seen.get(nodeId)
      return known && clock.now().getTime() - known.lastAt < shownMs ? { what: known.what, since: known.since } : null
    },

    forget(nodeId: string): void {
      seen.delete(nodeId)
      bars.delete(nodeId)
    },
  }
}
