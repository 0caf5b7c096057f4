import type { Clock } from '../../clock.ts'
import type { NodeStats } from '../../monitoring/node-stats.ts'
import type { ClusterNode } from '../members/cluster-node.ts'
import { statusInWords } from '../members/status-words.ts'

/** A node's stats: fresh, stale, or missing (`stats` is null). */
export interface KnownStats {
  nodeId: string
  state: 'ok' | 'stale' | 'error'
  error: string | null
  stats: NodeStats | null
}

/** The latest stats of every node. */
export function createKnownStats(deps: {
  findNode: (id: string) => ClusterNode | undefined
  /** Stats older than this are stale, in milliseconds. */
  staleAfterMs: number
  clock: Clock
}) {
  const stats = new Map<string, NodeStats>()
  /** When stats arrived, in ms. A node's own timestamps are only as right as its clock. */
  const cameAt = new Map<string, number>()

  return {
    put(news: NodeStats): void {
      stats.set(news.nodeId, news)
      cameAt.set(news.nodeId, deps.clock.now().getTime())
    },

    forget(nodeId: string): void {
      stats.delete(nodeId)
      cameAt.delete(nodeId)
    },

    of(nodeId: string): KnownStats {
      const node = deps.findNode(nodeId)
      const known = stats.get(nodeId) ?? null
      if (!node) return { nodeId, state: 'error', error: `There is no node with id ${nodeId}`, stats: null }
      const away = node.health.status === 'online' ? null : statusInWords(node)
      if (!known) return { nodeId, state: 'error', error: away ?? `${node.name} has not sent stats yet`, stats: null }
      const isOld = deps.clock.now().getTime() - Math.min(known.asOf.getTime(), cameAt.get(nodeId) ?? 0) > deps.staleAfterMs
      if (away || isOld) return { nodeId, state: 'stale', error: away ?? `${node.name} has not sent newer stats`, stats: known }
      return { nodeId, state: 'ok', error: null, stats: known }
    },
  }
}
