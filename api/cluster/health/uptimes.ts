import type { Clock } from '../../clock.ts'
import type { NodeStatus } from '../members/health-policy.ts'
import { uptime, type OnlineSwitch, type Period, type Share } from './uptime-share.ts'

/** The share (0 to 1) of observed time that a node was online, and how long that observed time was. */
export interface NodeUptime {
  day: Share
  week: Share
  month: Share
}

const dayMs = 24 * 3600 * 1000
export const longestWindowMs = 30 * dayMs
/** A node that goes up and down every minute fills this within a day and gets a shorter history. Other nodes keep theirs. */
export const keepPerNode = 1000
/** When each node went online and offline, in memory. */
export function createUptimes({ observed, clock }: { observed: () => readonly Period[]; clock: Clock }) {
  const switches = new Map<string, OnlineSwitch[]>()
  /** Nodes that have never answered. */
  const unheard = new Set<string>()

  return {
    /** @param isFirst the node was just registered. Not having answered yet is not an outage; its uptime starts with its first answer */
    remember(nodeId: string, at: Date, status: NodeStatus, isFirst: boolean): void {
      const known = switches.get(nodeId) ?? []
      const online = status === 'online'
      if (online) unheard.delete(nodeId)
      else if (isFirst) unheard.add(nodeId)
      if (unheard.has(nodeId)) return
      if (known.at(-1)?.online !== online) known.push({ at: at.getTime(), online })
      if (known.length > keepPerNode) known.shift()
      switches.set(nodeId, known)
    },

    forget(nodeId: string): void {
      switches.delete(nodeId)
      unheard.delete(nodeId)
    },

    /** Since when a node has been down. Null if it is online or has never answered. */
    downSince(nodeId: string): Date | null {
      const last = switches.get(nodeId)?.at(-1)
      return last && !last.online ? new Date(last.at) : null
    },

    of(nodeId: string): NodeUptime {
      const now = clock.now().getTime()
      const known = switches.get(nodeId) ?? []
      const over = (ms: number): Share => uptime(known, observed(), { from: now - ms, until: now })
      return { day: over(dayMs), week: over(7 * dayMs), month: over(longestWindowMs) }
    },

    /** Drops what is too old for any window. */
    prune(): void {
      const oldest = clock.now().getTime() - longestWindowMs
      for (const known of switches.values()) {
        const first = known.findLastIndex(({ at }) => at <= oldest)
        if (first > 0) known.splice(0, first)
      }
    },
  }
}
