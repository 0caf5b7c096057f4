import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { NodeStats } from '../monitoring/node-stats.ts'
import type { NodeAddress } from '../nodes/node-registry.ts'
import type { Unread } from '../nodes/unread.ts'
import { readNodeStats } from '../wire.ts'
import { unreadOf } from './feed-wire.ts'
import type { Links } from './links.ts'
import { NodeCallError, type NodeClient, type Route } from './node-client.ts'

/** How long a check waits for a lost link to come back: a node that was only cut off opens another within a second. */
const linkWaitMs = 2000
/** A node that was not reached over plain HTTP is tried that way again so often; meanwhile its link answers for it. */
const retryDirectMs = 10 * 60_000

export type Probe = ReturnType<typeof createProbe>

/**
 * Asks a node for its stats. A node that can be reached over plain HTTP is always asked that way, so that a check is
 * evidence of its own beside the session; its link answers for a node that cannot.
 */
export function createProbe(deps: {
  client: NodeClient
  links: Links
  addressOf: (nodeId: string) => NodeAddress
  onStats: (nodeId: string, stats: NodeStats) => void
  /** What of its stats could not be read; nothing when all of it was. */
  onUnread: (nodeId: string, unread: Unread[]) => void
  /** It has answered over plain HTTP and has no link. */
  onDirect: (nodeId: string) => void
  deadlineMs: number
  clock: Clock
}) {
  const { client, links, clock } = deps
  /** Nodes that did not answer over plain HTTP while they did over their link, and since when. */
  const linkOnly = new Map<string, { since: Date; triedAt: number }>()

  async function ask(nodeId: string, via: Route, deadlineMs: number): Promise<string | null | undefined> {
    try {
      const answer = await client.request(deps.addressOf(nodeId), { path: '/api/internal/system/stats', deadlineMs, via, isProbe: true })
      const sender = senderOf(answer)
      if (sender === null) return 'sent stats that are not in the right form. Is it another version of Selfhostly?'
      if (sender !== nodeId) return `answered as another node (${sender}). Does its endpoint lead to that one?`
      const { value: stats, problems } = readNodeStats(answer)
      deps.onUnread(nodeId, unreadOf('stats', 'its stats', problems))
      // It took the credentials and answered as itself: it is there, whatever its stats look like.
      if (stats) deps.onStats(nodeId, stats)
      return null
    } catch (error) {
      if (error instanceof NodeCallError) return error.isOurs ? undefined : error.why
      return errorMessage(error)
    }
  }

  async function askOverLink(nodeId: string, link: ReturnType<Links['waitFor']>, deadlineMs: number): Promise<string | null | undefined> {
    if (await link) return ask(nodeId, 'link', deadlineMs)
    // It called, and was sent away by this primary's own limits: no fault of the node.
    return links.isToldToWait(nodeId) ? undefined : 'its link is down, and it has not opened another'
  }

  return {
    /** Why the node did not pass, in words for a person; null when it did, undefined when this primary itself keeps it waiting. */
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

    /** Since when a node answers over its link alone; undefined for one that does not. */
    linkOnlySince: (nodeId: string): Date | undefined => linkOnly.get(nodeId)?.since,

    forget: (nodeId: string): void => void linkOnly.delete(nodeId),
  }
}

/** The node that an answer says it is of; null for what is no answer of a node. */
function senderOf(answer: unknown): string | null {
  const { data } = z.object({ node_id: z.guid() }).safeParse(answer)
  return data?.node_id ?? null
}
