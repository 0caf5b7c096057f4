import { z } from '@hono/zod-openapi'
import type { NodeStats } from '../../monitoring/node-stats.ts'
import { nodeStatsWire, readNodeStats, toWire } from '../../wire.ts'
import { answered, forbidden, refused, streamed } from './declared-call.ts'

/** What a node says about itself: its stats, which health checks ask for, and its feed. */

const sender = z.object({ node_id: z.guid() })

export const reportCalls = {
  stats: answered({
    route: 'GET /api/internal/system/stats',
    on: 'every-node',
    refusals: { ...refused, ...forbidden },
    answer: {
      status: 200,
      description: 'Stats of this node. Health checks call this',
      schema: nodeStatsWire,
      write: (stats: NodeStats) => toWire(stats),
      /** `sender` is null if no node answered. A node can answer as itself with unreadable stats. */
      read(json: unknown) {
        const { data } = sender.safeParse(json)
        return { value: { sender: data?.node_id ?? null, ...readNodeStats(json) } }
      },
    },
  }),

  events: streamed({
    route: 'GET /api/internal/events',
    on: 'every-node',
    contentType: 'text/event-stream',
    description: 'A snapshot of apps and operations, then each change, and stats. Sends a comment at least every 3 s',
    refusals: { ...refused, ...forbidden },
  }),
}
