import type { Clock } from '../../clock.ts'
import { errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { NodeAddress } from '../members/node-registry.ts'
import { dial, type LinkWire } from './link-socket.ts'
import type { Links } from './links.ts'

/** A node that can reach its primary opens the link within this time. If it does not, the primary dials. */
const graceMs = 5000

export type LinkDialback = ReturnType<typeof createLinkDialback>

/**
 * The primary's half of "whichever side can reach the other dials". Called whenever a node has answered over plain HTTP and
 * has no link. It tries once per call, so it follows the schedule of the checks and needs none of its own.
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
      return log.debug({ node: address.name, reason: errorMessage(error) }, 'could not open a link from here')
    }
    // By now, the node may have been removed, have another key, or have opened a link itself.
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

    /** Replaces a link that was dialed from here with a previous key. */
    renew: (nodeId: string): Promise<void> => attempt(nodeId, allowed),

    stop(): void {
      for (const cancel of waiting.values()) cancel()
      waiting.clear()
    },
  }
}
