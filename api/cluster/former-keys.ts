import type { Clock } from '../clock.ts'
import type { NodeRegistry } from '../nodes/node-registry.ts'
import type { EventStreams } from './event-streams.ts'
import type { LinkDialback } from './link-dialback.ts'
import type { Links } from './links.ts'

/** How often it is tried to replace a link that was dialled from here. */
const retryMs = 5000

/**
 * What is open to a node with a key that was replaced: it is opened anew with the new key while the former one is still
 * good, so that nothing is cut when both sides forget that.
 */
export function createFormerKeys(deps: {
  registry: NodeRegistry
  links: Links
  dialback: LinkDialback
  streams: EventStreams
  /** How long a former key is good, in milliseconds. */
  graceMs: number
  clock: Clock
}) {
  const { registry, links, dialback, streams, graceMs, clock } = deps

  function formerLink(nodeId: string) {
    const link = links.get(nodeId)
    return link && link.apiKey !== registry.keyOf(nodeId) ? link : null
  }

  /** Again and again as long as it is there: one that cannot be replaced is cut soon. */
  function replaceLink(nodeId: string): void {
    if (formerLink(nodeId)?.dialledBy !== 'primary') return
    void dialback.renew(nodeId).finally(() => clock.after(retryMs, () => replaceLink(nodeId)))
  }

  return {
    /** A node has a new key, and a former one that is good for a while yet. */
    replace(nodeId: string): void {
      const renewed = registry.keyOf(nodeId)
      clock.after(graceMs / 2, () => {
        // A link that the node has opened it replaces itself, and the stream moves with it.
        if (formerLink(nodeId)) replaceLink(nodeId)
        else if (streams.sessionOf(nodeId) && registry.keyOf(nodeId) === renewed) streams.open(nodeId)
      })
      clock.after(graceMs, () => {
        const link = links.get(nodeId)
        // The node would have replaced it by now: somebody else may have opened it.
        if (link && !registry.keysOf(nodeId).includes(link.apiKey)) links.close(nodeId)
      })
    },
  }
}
