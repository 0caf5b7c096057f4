import type { Clock } from '../../clock.ts'

/** After a start, nodes that open links themselves get this long to connect: their dialers' longest wait, and a little more. */
const graceMs = 17_000
/** Nodes that were told to come back later get until that time, and a little more, but no longer than this in total. */
const lateMs = 3000
const longestGraceMs = 60_000

/**
 * Decides what follows when a session is lost or cannot be opened: the node is suspect and checked at once. Right after a
 * start, a node that has not connected yet may still be on its way, so it gets some time first.
 */
export function createLostSessions(deps: {
  isOnline: (nodeId: string) => boolean
  mayComeByItself: (nodeId: string) => boolean
  hasSession: (nodeId: string) => boolean
  /** When the last of the nodes that were told to come back will be let in, in ms since the epoch. */
  lastReturnAt: () => number
  suspect: (nodeId: string) => void
  clock: Clock
}) {
  const { clock } = deps
  const startedAt = clock.now().getTime()
  const waiting = new Map<string, () => void>()

  const graceLeftMs = (): number => {
    const returnsMs = Math.min(longestGraceMs, deps.lastReturnAt() - startedAt + lateMs)
    return startedAt + Math.max(graceMs, returnsMs) - clock.now().getTime()
  }

  function look(nodeId: string): void {
    waiting.get(nodeId)?.()
    waiting.delete(nodeId)
    if (!deps.isOnline(nodeId) || deps.hasSession(nodeId)) return
    const leftMs = graceLeftMs()
    if (leftMs <= 0) deps.suspect(nodeId)
    else
      waiting.set(
        nodeId,
        clock.after(leftMs, () => look(nodeId)),
      )
  }

  return {
    /** @param held true if a session was lost, false if none could be opened */
    lost(nodeId: string, held: boolean): void {
      if (!held && deps.mayComeByItself(nodeId)) return look(nodeId)
      // A node that is not online cannot get worse.
      if (deps.isOnline(nodeId)) deps.suspect(nodeId)
    },

    stop(): void {
      for (const cancel of waiting.values()) cancel()
      waiting.clear()
    },
  }
}
