import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { NodeAddress } from '../nodes/node-registry.ts'
import { dial, type LinkWire } from './link-wire.ts'
import type { Links } from './links.ts'

/** A node that can reach its primary opens the link itself within this time; only for one that cannot does the primary dial. */
const graceMs = 5000

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

  const wanted = (nodeId: string): NodeAddress | null => {
    const address = deps.addressOf(nodeId)
    return address?.connection && address.connection !== 'direct' && !links.get(nodeId) && deps.barMs(nodeId) === 0 ? address : null
  }

  async function attempt(nodeId: string): Promise<void> {
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
    if (still?.apiKey === address.apiKey && still.apiEndpoint === address.apiEndpoint) links.use(nodeId, wire, 'primary')
    else wire.socket.terminate()
  }

  return {
    consider(nodeId: string): void {
      if (waiting.has(nodeId) || !wanted(nodeId)) return
      waiting.set(
        nodeId,
        clock.after(graceMs, () => void attempt(nodeId).finally(() => waiting.delete(nodeId))),
      )
    },

    stop(): void {
      for (const cancel of waiting.values()) cancel()
      waiting.clear()
    },
  }
}
