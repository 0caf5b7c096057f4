import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { NodeAddress } from '../nodes/node-registry.ts'
import { dial, type LinkWire } from './link-wire.ts'
import type { Links } from './links.ts'

/** A node that can reach its primary opens the link itself within this time; only for one that cannot does the primary dial. */
const graceMs = 5000

export type LinkDialback = ReturnType<typeof createLinkDialback>

/**
 * The primary's half of "whichever side can reach the other dials". Asked whenever a node has just answered over plain HTTP
 * and has no link; tries once each time, so it follows the rhythm of the checks and needs no schedule of its own.
 */
export function createLinkDialback(deps: {
  links: Links
  addressOf: (nodeId: string) => NodeAddress | null
  headersFor: (address: NodeAddress) => Record<string, string>
  barMs: (nodeId: string) => number
  clock: Clock
  log: Log
}) {
  const { links, clock, log } = deps
  const waiting = new Map<string, () => void>()

  const allowed = (nodeId: string): NodeAddress | null => {
    const address = deps.addressOf(nodeId)
    return address?.connection && address.connection !== 'direct' && deps.barMs(nodeId) === 0 ? address : null
  }
  const missing = (nodeId: string): NodeAddress | null => (links.get(nodeId) ? null : allowed(nodeId))

  async function attempt(nodeId: string, wanted: (nodeId: string) => NodeAddress | null): Promise<void> {
    const address = wanted(nodeId)
    if (!address) return
    let wire: LinkWire
    try {
      wire = await dial(address.apiEndpoint, deps.headersFor(address))
    } catch (error) {
      return log.debug({ node: address.name, reason: errorMessage(error) }, 'no link could be opened from here')
    }
    // It may have been removed or have another key by now, or have opened one itself.
    const still = wanted(nodeId)
    if (still?.apiKey === address.apiKey && still.apiEndpoint === address.apiEndpoint)
      links.use(nodeId, wire, { dialledBy: 'primary', apiKey: address.apiKey })
    else wire.socket.terminate()
  }

  return {
    consider(nodeId: string): void {
      if (waiting.has(nodeId) || !missing(nodeId)) return
      waiting.set(
        nodeId,
        clock.after(graceMs, () => void attempt(nodeId, missing).finally(() => waiting.delete(nodeId))),
      )
    },

    /** Puts another in the place of a link that was dialled from here with a former key. */
    renew: (nodeId: string): Promise<void> => attempt(nodeId, allowed),

    stop(): void {
      for (const cancel of waiting.values()) cancel()
      waiting.clear()
    },
  }
}
