import type { Clock } from '../../clock.ts'
import { errorMessage } from '../../errors.ts'
import type { NodeAddress } from '../members/node-registry.ts'
import { unreadOf } from '../feed/feed-kind.ts'
import type { FeedReading } from '../feed/feed-wire.ts'
import { calls } from '../node-calls.ts'
import type { Links } from '../transport/links.ts'
import { NodeCallError } from '../transport/node-call-error.ts'
import type { NodeClient } from '../transport/node-client.ts'
import type { Route } from '../transport/node-sender.ts'

/** How long a check waits for a lost link to come back. A node that was only cut off opens another within a second. */
const linkWaitMs = 2000
/** How often plain HTTP is tried again for a node that did not answer that way. Checks use its link in between. */
const retryDirectMs = 10 * 60_000

export type Probe = ReturnType<typeof createProbe>

/**
 * Asks a node for its stats. Uses plain HTTP whenever the node can be reached that way, so a check is independent of the
 * session. Otherwise it uses the node's link.
 */
export function createProbe(deps: {
  client: NodeClient
  links: Links
  addressOf: (nodeId: string) => NodeAddress
  /** What it answered, as an event of its feed. */
  onReading: (nodeId: string, reading: FeedReading) => void
  /** The node answered over plain HTTP and has no link. */
  onDirect: (nodeId: string) => void
  deadlineMs: number
  clock: Clock
}) {
  const { client, links, clock } = deps
  /** Nodes that answered over their link but not over plain HTTP, and since when. */
  const linkOnly = new Map<string, { since: Date; triedAt: number }>()

  async function ask(nodeId: string, via: Route, deadlineMs: number): Promise<string | null | undefined> {
    try {
      const {
        sender,
        value: stats,
        problems,
      } = await client.call(deps.addressOf(nodeId), calls.stats, {}, { deadlineMs, via, isProbe: true })
      if (sender === null) return 'sent stats that cannot be read. Does it run another version of Selfhostly?'
      if (sender !== nodeId) return `answered as another node (${sender}). Does its endpoint lead to that node?`
      const unread = unreadOf('stats', 'its stats', problems)
      deps.onReading(nodeId, { event: stats && { type: 'stats', stats }, scope: 'stats', unread })
      // It accepted the credentials and answered as itself, so it is up, even if its stats cannot be read.
      return null
    } catch (error) {
      if (error instanceof NodeCallError) return error.isOurs ? undefined : error.why
      return errorMessage(error)
    }
  }

  async function askOverLink(nodeId: string, link: ReturnType<Links['waitFor']>, deadlineMs: number): Promise<string | null | undefined> {
    if (await link) return ask(nodeId, 'link', deadlineMs)
    // The node called and was turned away by this primary's own limits, so it is not at fault.
    return links.isToldToWait(nodeId) ? undefined : 'its link is down and it has not opened another'
  }

  return {
    /** Why the node failed the check, as a message for people; null if it passed, undefined if the cause is on this primary's side. */
    async probe(nodeId: string, { urgent = false, manual = false } = {}): Promise<string | null | undefined> {
      const deadlineMs = urgent ? Math.min(deps.deadlineMs, 4000) : deps.deadlineMs
      const { connection = 'direct' } = deps.addressOf(nodeId)
      if (connection === 'link') return askOverLink(nodeId, links.waitFor(nodeId, linkWaitMs), deadlineMs)
      const link = connection === 'auto' ? links.waitFor(nodeId, linkWaitMs) : null
      const known = linkOnly.get(nodeId)
      if (link && links.get(nodeId) && known && !manual && clock.now().getTime() - known.triedAt < retryDirectMs) {
        return askOverLink(nodeId, link, deadlineMs)
      }
      const direct = await ask(nodeId, 'direct', deadlineMs)
      if (direct === null) {
        linkOnly.delete(nodeId)
        if (link && !links.get(nodeId)) deps.onDirect(nodeId)
        return null
      }
      if (!link) return direct
      const overLink = await askOverLink(nodeId, link, deadlineMs)
      if (overLink !== null) return overLink === undefined ? undefined : direct
      linkOnly.set(nodeId, { since: known?.since ?? clock.now(), triedAt: clock.now().getTime() })
      return null
    },

    /** Since when a node has answered only over its link; undefined if it answers over plain HTTP. */
    linkOnlySince: (nodeId: string): Date | undefined => linkOnly.get(nodeId)?.since,

    forget: (nodeId: string): void => void linkOnly.delete(nodeId),
  }
}
