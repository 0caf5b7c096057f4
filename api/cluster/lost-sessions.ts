import type { Clock } from '../clock.ts'

/** After a start, nodes that open links themselves get this long to come: the longest wait of their diallers, and a little more. */
const graceMs = 17_000
/** For those who then had to be told to come back later: their turn, and a little more, but no longer than this in all. */
const lateMs = 3000
const longestGraceMs = 60_000

/**
 * What follows from a session that is lost, or cannot be opened: the node is suspect, and checked at once. Just after a
 * start nothing can be said of a node that was not heard yet and may well be on its way.
 */
export function createLostSessions(deps: {
  isOnline: (nodeId: string) => boolean
  mayComeByItself: (nodeId: string) => boolean
  hasSession: (nodeId: string) => boolean
  /** When the last node that was told to come back has its turn, in ms since the epoch. */
  lastTurn: () => number
  suspect: (nodeId: string) => void
  clock: Clock
}) {
  const { clock } = deps
  const startedAt = clock.now().getTime()
  const waiting = new Map<string, () => void>()

  const graceLeftMs = (): number => {
    const turnsMs = Math.min(longestGraceMs, deps.lastTurn() - startedAt + lateMs)
    return startedAt + Math.max(graceMs, turnsMs) - clock.now().getTime()
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
    /** @param held whether there was a session, or it could not be opened at all */
    lost(nodeId: string, held: boolean): void {
      if (!held && deps.mayComeByItself(nodeId)) return look(nodeId)
      // Of a node that is not online nothing worse is to be learned.
      if (deps.isOnline(nodeId)) deps.suspect(nodeId)
    },

    stop(): void {
      for (const cancel of waiting.values()) cancel()
      waiting.clear()
    },
  }
}
