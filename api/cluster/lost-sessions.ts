import type { Clock } from '../clock.ts'

/**
 * After a start, nodes that open links themselves get this long to come: the longest wait of their diallers, the turns that
 * a thousand of them are told to wait for, and a little more. A node that died meanwhile is known to be gone that much later.
 */
const graceMs = 35_000

/**
 * What follows from a session that is lost, or cannot be opened: the node is suspect, and checked at once. Just after a
 * start nothing can be said of a node that was not heard yet and may well be on its way.
 */
export function createLostSessions(deps: {
  isOnline: (nodeId: string) => boolean
  mayComeByItself: (nodeId: string) => boolean
  hasSession: (nodeId: string) => boolean
  suspect: (nodeId: string) => void
  clock: Clock
}) {
  const { clock } = deps
  const startedAt = clock.now().getTime()
  const waiting = new Map<string, () => void>()

  return {
    /** @param held whether there was a session, or it could not be opened at all */
    lost(nodeId: string, held: boolean): void {
      // Of a node that is not online nothing worse is to be learned.
      if (!deps.isOnline(nodeId)) return
      const graceLeftMs = startedAt + graceMs - clock.now().getTime()
      if (held || graceLeftMs <= 0 || !deps.mayComeByItself(nodeId)) return deps.suspect(nodeId)
      waiting.get(nodeId)?.()
      const look = (): void => {
        waiting.delete(nodeId)
        if (deps.isOnline(nodeId) && !deps.hasSession(nodeId)) deps.suspect(nodeId)
      }
      waiting.set(nodeId, clock.after(graceLeftMs, look))
    },

    stop(): void {
      for (const cancel of waiting.values()) cancel()
      waiting.clear()
    },
  }
}
