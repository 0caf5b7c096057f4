import type { Clock } from '../clock.ts'

/** How long it is shown after it was seen last. */
const shownMs = 15 * 60_000
/** The same of the same node is logged and told no more often than this. */
const quietMs = 60_000
const firstBarMs = 5000
const longestBarMs = 5 * 60_000

export type Misconduct = ReturnType<typeof createMisconduct>

/**
 * Nodes that send what no node should: too much, too often, or in the name of others. Each is named with its reason, and one
 * whose connection had to be cut is left alone for a time that doubles with each time that it happens.
 */
export function createMisconduct(deps: { onSeen: (nodeId: string, what: string) => void; clock: Clock }) {
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

    /** Its connection is cut. */
    cut(nodeId: string, what: string): void {
      const now = clock.now().getTime()
      const before = bars.get(nodeId)
      const count = before && now - before.until < shownMs ? before.count + 1 : 0
      bars.set(nodeId, { until: now + Math.min(longestBarMs, firstBarMs * 2 ** Math.min(count, 10)), count })
      note(nodeId, what)
    },

    /** How much longer nothing is opened to or from it, in ms; 0 for every node that behaves. */
    barMs: (nodeId: string): number => {
      const left = (bars.get(nodeId)?.until ?? 0) - clock.now().getTime()
      // More is left than there ever was: the clock was put back.
      return left > longestBarMs ? 0 : Math.max(0, left)
    },

    /** What it did lately; null for every node that behaves. */
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
