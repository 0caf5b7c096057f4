import type { ToldHistory } from '../cluster/calls/history-calls.ts'
import type { StatusHistory } from '../cluster/health/status-history.ts'
import type { KnownStats } from '../cluster/feed/inventory.ts'
import type { NodeRouter } from '../cluster/node-router.ts'
import type { Clock } from '../clock.ts'
import { couldNotBeAsked, invalidInput } from '../errors.ts'
import type { NodeTotals } from '../monitoring/history/node-totals.ts'
import type { Access } from './access.ts'

/** Who told the past. The primary does when the node cannot, with why, and knows only the last day and the node as a whole. */
export interface KnownHistory extends ToldHistory {
  source: 'node' | 'primary'
  error: string | null
}

/** What of the past someone wants to see. Without `to`, up to now. */
export interface AskedSpan {
  from: Date
  to?: Date | null | undefined
  points?: number | null | undefined
}

const usualPoints = 240
const mostPoints = 1000
const longestMs = 31 * 24 * 3600_000
/** The newest changes of a node's status that can be marks. */
const mostOutages = 100
const mostRecentHours = 24
const mostRecentNodes = 20
/** Enough for a small picture. */
const recentPoints = 72

/** What nodes and apps that a caller sees used, and what happened meanwhile. */
export function createUserHistory(deps: {
  access: Access
  router: NodeRouter
  outages: Pick<StatusHistory, 'page'>
  totals: NodeTotals
  selfId: string
  nodeIds: () => string[]
  statsOf: (nodeId: string) => KnownStats
  clock: Clock
}) {
  const { access, router, totals, clock } = deps
  const { sight } = access

  /** @throws INVALID_INPUT */
  function spanOf({ from, to, points }: AskedSpan): { from: Date; to: Date; points: number } {
    const now = clock.now()
    const end = to ?? now
    const most = points ?? usualPoints
    const wrong = [
      ...(end > from ? [] : [{ field: 'from', message: 'must be before to, which is now if it is left out' }]),
      ...(now.getTime() - from.getTime() > longestMs ? [{ field: 'from', message: 'must be within the last 30 days' }] : []),
      ...(most >= 1 && most <= mostPoints ? [] : [{ field: 'points', message: `must be from 1 to ${mostPoints}` }]),
    ]
    if (wrong.length > 0) throw invalidInput(wrong)
    return { from, to: end, points: most }
  }

  /** Times in which the primary could not reach the node. */
  async function outagesOf(nodeId: string, { from, to }: { from: Date; to: Date }): Promise<ToldHistory['marks']> {
    const changes = await deps.outages.page(nodeId, { limit: mostOutages })
    return changes.flatMap(({ from: former, to: status, at, durationMs, reason }) => {
      const until = durationMs === null ? null : new Date(at.getTime() + durationMs)
      // Its first status is no outage: until it answered for the first time, nothing was there to be lost.
      if (status === 'online' || former === null || at >= to || (until !== null && until <= from)) return []
      return [{ kind: 'outage', at, until, app: null, name: null, times: 1, version: null, detail: reason }]
    })
  }

  /** Adds what the primary knows of the node. */
  async function known(nodeId: string, span: { from: Date; to: Date }, read: Promise<KnownHistory>): Promise<KnownHistory> {
    const [history, outages, maintenance] = await Promise.all([
      read,
      outagesOf(nodeId, span),
      totals.maintenanceOf(nodeId, span.from, span.to),
    ])
    return { ...history, marks: [...history.marks, ...outages, ...maintenance].sort((a, b) => a.at.getTime() - b.at.getTime()) }
  }

  const told = (history: ToldHistory): KnownHistory => ({ ...history, source: 'node', error: null })

  return {
    /**
     * What the busiest nodes used in the last hours, the busiest first, as this server knows it: no other node is asked.
     *
     * @throws INVALID_INPUT
     */
    async recent({ hours, first }: { hours: number; first: number }): Promise<{ nodeId: string; history: KnownHistory }[]> {
      const wrong = [
        ...(hours >= 1 && hours <= mostRecentHours ? [] : [{ field: 'hours', message: `must be from 1 to ${mostRecentHours}` }]),
        ...(first >= 1 && first <= mostRecentNodes ? [] : [{ field: 'first', message: `must be from 1 to ${mostRecentNodes}` }]),
      ]
      if (wrong.length > 0) throw invalidInput(wrong)
      const span = spanOf({ from: new Date(clock.now().getTime() - hours * 3600_000), points: recentPoints })
      const busiest = deps
        .nodeIds()
        .filter(sight.sees)
        .map((nodeId) => ({ nodeId, load: loadOf(deps.statsOf(nodeId)) }))
        .sort((a, b) => b.load - a.load)
        .slice(0, first)
      return Promise.all(
        busiest.map(async ({ nodeId }) => {
          const isSelf = nodeId === deps.selfId
          const read = isSelf ? await router.forNode(nodeId).nodeHistory(span) : await totals.read(nodeId, span)
          return { nodeId, history: { ...read, source: isSelf ? ('node' as const) : ('primary' as const), error: null } }
        }),
      )
    },

    /**
     * The node itself, its disks, and the named containers that belong to no app. Of a node that cannot be asked, what the primary knows.
     *
     * @throws NOT_FOUND, INVALID_INPUT
     */
    async ofNode(nodeId: string, asked: AskedSpan, containers: string[] = []): Promise<KnownHistory> {
      sight.node(nodeId)
      const span = spanOf(asked)
      const named = containers.length > 0 ? { containers: containers.join(',') } : {}
      const ask = async (): Promise<KnownHistory> => told(await router.forNode(nodeId).nodeHistory({ ...span, ...named }))
      const read = ask().catch(async (error: unknown): Promise<KnownHistory> => {
        if (!couldNotBeAsked(error)) throw error
        return { ...(await totals.read(nodeId, span)), source: 'primary', error: error.message }
      })
      return known(nodeId, span, read)
    },

    /** The services of an app. @throws NOT_FOUND, INVALID_INPUT, NODE_UNREACHABLE, NOT_SUPPORTED */
    async ofApp(appId: string, asked: AskedSpan, services: string[] = []): Promise<KnownHistory> {
      const { nodeId } = sight.app(appId)
      const span = spanOf(asked)
      const named = services.length > 0 ? { services: services.join(',') } : {}
      return known(
        nodeId,
        span,
        router
          .forApp(appId)
          .appHistory({ id: appId, ...span, ...named })
          .then(told),
      )
    },
  }
}

/** How busy a node is, from 0 to 100: by the scarcest of processor, memory and disks. Below 0 for one that told nothing. */
function loadOf({ stats }: KnownStats): number {
  if (!stats) return -1
  const { cpu, memory, disks } = stats
  const part = ({ usedBytes, totalBytes }: { usedBytes: number; totalBytes: number }): number =>
    totalBytes > 0 ? (usedBytes / totalBytes) * 100 : 0
  return Math.max(cpu.usagePercent, part(memory), ...disks.map(part))
}
