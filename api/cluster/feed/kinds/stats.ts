import { z } from 'zod'
import type { NodeStats } from '../../../monitoring/node-stats.ts'
import { readNodeStats } from '../../../wire.ts'
import { readingOf, shaped, type FeedKind } from '../feed-kind.ts'

export interface StatsEvent {
  type: 'stats'
  stats: NodeStats
}

/** The latest sample. */
export const stats: FeedKind<StatsEvent> = {
  read: shaped(z.object({ stats: z.unknown() }), ({ stats }) =>
    readingOf('stats', 'its stats', readNodeStats(stats), (stats): StatsEvent => ({ type: 'stats', stats })),
  ),
  keyOf: () => 'stats',
  apply: (nodeId, { stats }, things) => things.putStats(nodeId, stats),
}
