import type { Clock } from '../../clock.ts'
import type { NodeRegistry } from '../members/node-registry.ts'
import type { EventStreams } from '../feed/event-streams.ts'
import type { LinkDialback } from '../transport/link-dialback.ts'
import type { Links } from '../transport/links.ts'

/** Wait between attempts to replace a link that was dialed from here. */
const retryMs = 5000

/**
 * After a key change, reopens what was opened with the previous key while that key still works, so nothing is cut off when
 * both sides drop it.
 */
export function createFormerKeys(deps: {
  registry: NodeRegistry
  links: Links
  dialback: LinkDialback
  streams: EventStreams
  /** How long a previous key still works, in milliseconds. */
  graceMs: number
  clock: Clock
}) {
  const { registry, links, dialback, streams, graceMs, clock } = deps

  function formerLink(nodeId: string) {
    const link = links.get(nodeId)
    return link && link.apiKey !== registry.keyOf(nodeId) ? link : null
  }

  /** Retries until the old link is gone. A link that cannot be replaced is closed when the previous key expires. */
  function replaceLink(nodeId: string): void {
    if (formerLink(nodeId)?.dialledBy !== 'primary') return
    void dialback.renew(nodeId).finally(() => clock.after(retryMs, () => replaceLink(nodeId)))
  }

  return {
    /** A node has a new key, and its previous one still works for a while. */
    replace(nodeId: string): void {
      const renewed = registry.keyOf(nodeId)
      clock.after(graceMs / 2, () => {
        // A node replaces a link that it opened itself, and the stream moves with it.
        if (formerLink(nodeId)) replaceLink(nodeId)
        else if (streams.sessionOf(nodeId) && registry.keyOf(nodeId) === renewed) streams.open(nodeId)
      })
      clock.after(graceMs, () => {
        const link = links.get(nodeId)
        // The node would have replaced it by now, so someone else may have opened it.
        if (link && !registry.keysOf(nodeId).includes(link.apiKey)) links.close(nodeId)
      })
    },
  }
}
