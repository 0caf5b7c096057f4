import type { EntityManager } from '../../db/orm.ts'
import { createBatches } from '../../batches.ts'
import type { Clock } from '../../clock.ts'
import type { ClusterNode } from '../members/node-registry.ts'
import type { NodeHealth, NodeStatus, StatusSignal } from '../members/node-status.ts'
import { createObservedPeriods } from './observed-periods.ts'
import { StatusChangeEntity } from './status-change.entity.ts'
import { createUptimes, keepPerNode, longestWindowMs } from './uptimes.ts'

export interface StatusChange {
  id: number
  at: Date
  /** Null for a node's first status. */
  from: NodeStatus | null
  to: NodeStatus
  signal: StatusSignal
  reason: string | null
  /** How long `to` lasted, in milliseconds. Null for the current status. */
  durationMs: number | null
}

export type { NodeUptime } from './uptimes.ts'

/** Trades database size against how far back the history goes. */
const keepMs = 90 * 24 * 3600 * 1000
/** While writes fail, for example on a full disk, the oldest changes beyond this are dropped. */
const mostPending = 20_000

export type StatusHistory = ReturnType<typeof createStatusHistory>

/**
 * Every status change of every node, and each node's uptime.
 *
 * Changes are stored as rows, written in batches every few seconds. Uptime is computed from memory, because a page of 50
 * nodes asks for 150 windows. It needs only two values per change, for at most 1,000 changes per node.
 */
export function createStatusHistory(deps: { em: EntityManager; nodes: () => ClusterNode[]; clock: Clock }) {
  const { em, clock } = deps
  const observed = createObservedPeriods({ em, keepMs, clock })
  const uptimes = createUptimes({ observed: observed.list, clock })
  let pending: (Omit<StatusChange, 'id' | 'durationMs'> & { nodeId: string })[] = []

  function add(nodeId: string, from: NodeStatus | null, health: NodeHealth): void {
    const { status, statusSince, statusSignal, statusReason, lastSeen } = health
    pending.push({ nodeId, at: statusSince, from, to: status, signal: statusSignal, reason: statusReason })
    uptimes.remember(nodeId, statusSince, status, from === null && lastSeen === null)
  }

  interface Row {
    nodeId: string
    at: number
    from: NodeStatus | null
    status: NodeStatus
  }

  async function load(since: number): Promise<Map<string, NodeStatus>> {
    // The status at the start of the longest window, and every change since.
    const rows = await em.getConnection().execute<Row[]>(
      `select "node_id" as "nodeId", "at", "from_status" as "from", "to_status" as "status" from "status_changes"
       where "at" >= ? or "id" in (select max("id") from "status_changes" where "at" < ? group by "node_id") order by "id"`,
      [since, since],
    )
    for (const { nodeId, at, from, status } of rows) uptimes.remember(nodeId, new Date(at), status, from === null)
    return new Map(rows.map(({ nodeId, status }) => [nodeId, status]))
  }

  const flush = createBatches<typeof pending>({
    take() {
      const known = new Set(deps.nodes().map(({ id }) => id))
      const batch = pending.filter(({ nodeId }) => known.has(nodeId))
      pending = []
      return batch.length > 0 ? batch : null
    },
    async write(batch) {
      const rows = batch.map(({ nodeId, from, to, ...rest }) => ({ node: nodeId, fromStatus: from, toStatus: to, ...rest }))
      await em.fork().transactional(async (transaction) => void (await transaction.insertMany(StatusChangeEntity, rows)))
    },
    giveBack: (batch) => void (pending = [...batch, ...pending].slice(-mostPending)),
  })

  /** Writes what is pending. Changes that cannot be written are missing from the page for now. */
  const written = (): Promise<void> => flush().catch(() => undefined)

  return {
    /** Call after the registry has started. Adds the changes that a crash kept from being written. */
    async start(): Promise<void> {
      await observed.start()
      const last = await load(clock.now().getTime() - longestWindowMs)
      for (const { id, health } of deps.nodes()) {
        const from = last.get(id) ?? null
        if (from !== health.status) add(id, from, health)
      }
    },

    /** @param before the node's health before the change; undefined for a new node */
    record({ id, health }: ClusterNode, before: NodeHealth | undefined): void {
      if (health.status !== before?.status) add(id, before?.status ?? null, health)
    },

    forget(nodeId: string): void {
      uptimes.forget(nodeId)
      pending = pending.filter((change) => change.nodeId !== nodeId)
    },

    flush,

    beat: observed.beat,

    downSince: uptimes.downSince,

    /** Newest first. `before` is the id of the last change on the previous page. */
    async page(nodeId: string, { limit, before }: { limit: number; before?: number | undefined }): Promise<StatusChange[]> {
      await written()
      const where = { node: nodeId, ...(before === undefined ? {} : { id: { $lte: before } }) }
      const rows = await em.fork().find(StatusChangeEntity, where, { orderBy: { id: 'desc' }, limit: limit + 1 })
      const changes = rows.map(({ id, at, fromStatus, toStatus, signal, reason }, index) => {
        const next = rows[index - 1]
        const durationMs = next ? Math.max(0, next.at.getTime() - at.getTime()) : null
        return { id, at, from: fromStatus, to: toStatus, signal, reason, durationMs }
      })
      // The previous page's last change was read only to know when this page's first one ended.
      return changes.filter(({ id }) => id !== before).slice(0, limit)
    },

    /** The changes of these times, newest first. */
    async between(nodeId: string, from: Date, to: Date, limit: number): Promise<Pick<StatusChange, 'at' | 'from' | 'to' | 'reason'>[]> {
      await written()
      const where = { node: nodeId, at: { $gte: from, $lt: to } }
      const rows = await em.fork().find(StatusChangeEntity, where, { orderBy: { id: 'desc' }, limit })
      return rows.map(({ at, fromStatus, toStatus, reason }) => ({ at, from: fromStatus, to: toStatus, reason }))
    },

    /** The newest changes of these nodes, newest first; not the first status of a node, which is no change. */
    async recent(nodeIds: string[], limit: number): Promise<(Pick<StatusChange, 'at' | 'from' | 'to' | 'reason'> & { nodeId: string })[]> {
      await written()
      const where = { node: { $in: nodeIds }, fromStatus: { $ne: null } }
      const rows = await em.fork().find(StatusChangeEntity, where, { orderBy: { id: 'desc' }, limit })
      return rows.map(({ node, at, fromStatus, toStatus, reason }) => ({ nodeId: node.id, at, from: fromStatus, to: toStatus, reason }))
    },

    async count(nodeId: string): Promise<number> {
      await written()
      return em.fork().count(StatusChangeEntity, { node: nodeId })
    },

    uptimeOf: uptimes.of,

    /** Deletes changes older than 90 days, and all but each node's newest 1,000. Keeps the status that held 90 days ago. */
    async prune(): Promise<void> {
      const now = clock.now().getTime()
      await em.getConnection().execute(
        `delete from "status_changes" where "id" in (
           select "id" from (
             select "id", lead("at") over (partition by "node_id" order by "id") as "next_at",
               row_number() over (partition by "node_id" order by "id" desc) as "place" from "status_changes")
           where "next_at" < ? or "place" > ?)`,
        [now - keepMs, keepPerNode],
      )
      uptimes.prune()
      await observed.prune()
    },
  }
}
