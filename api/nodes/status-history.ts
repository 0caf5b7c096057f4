import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import type { ClusterNode } from './node-registry.ts'
import type { NodeHealth, NodeStatus, StatusSignal } from './node-status.ts'
import { createObservedPeriods } from './observed-periods.ts'
import { StatusChangeEntity } from './status-change.entity.ts'
import { uptime, type Share, type Turn } from './uptime.ts'

export interface StatusChange {
  id: number
  at: Date
  /** Null for the first one. */
  from: NodeStatus | null
  to: NodeStatus
  signal: StatusSignal
  reason: string | null
  /** How long `to` held, in milliseconds; null while it holds. */
  durationMs: number | null
}

/** Shares, 0 to 1, of the observed time, and how much time that was. */
export interface NodeUptime {
  day: Share
  week: Share
  month: Share
}

const dayMs = 24 * 3600 * 1000
const longestWindowMs = 30 * dayMs
/** Trades the size of the database against how far back one can look. */
const keepMs = 90 * dayMs
/** A node that comes and goes every minute fills this within a day, and then has a shorter history. It never costs the others theirs. */
const keepPerNode = 1000
/** While nothing can be written, such as on a full disk, the oldest give way. */
const mostPending = 20_000

export type StatusHistory = ReturnType<typeof createStatusHistory>

/**
 * Every change of every node's status, and how long each was online.
 *
 * The changes are rows, written together every few seconds. Uptime is answered from memory: a page of 50 nodes asks for 150
 * windows, and what they need, when each node came and went, is two numbers per change of at most 1,000 changes per node.
 */
export function createStatusHistory(deps: { em: EntityManager; nodes: () => ClusterNode[]; clock: Clock }) {
  const { em, clock } = deps
  const observed = createObservedPeriods({ em, keepMs, clock })
  const turns = new Map<string, Turn[]>()
  /** Nodes that have never answered. */
  const unheard = new Set<string>()
  let pending: (Omit<StatusChange, 'id' | 'durationMs'> & { nodeId: string })[] = []
  let lastWrite = Promise.resolve()

  /** @param isFirst the node was only registered: that it has not answered yet is no outage, and its time begins with its first answer */
  function remember(nodeId: string, at: Date, status: NodeStatus, isFirst: boolean): void {
    const known = turns.get(nodeId) ?? []
    const online = status === 'online'
    if (online) unheard.delete(nodeId)
    else if (isFirst) unheard.add(nodeId)
    if (unheard.has(nodeId)) return
    if (known.at(-1)?.online !== online) known.push({ at: at.getTime(), online })
    if (known.length > keepPerNode) known.shift()
    turns.set(nodeId, known)
  }

  function add(nodeId: string, from: NodeStatus | null, health: NodeHealth): void {
    const { status, statusSince, statusSignal, statusReason, lastSeen } = health
    pending.push({ nodeId, at: statusSince, from, to: status, signal: statusSignal, reason: statusReason })
    remember(nodeId, statusSince, status, from === null && lastSeen === null)
  }

  interface Row {
    nodeId: string
    at: number
    from: NodeStatus | null
    status: NodeStatus
  }

  async function load(since: number): Promise<Map<string, NodeStatus>> {
    // What held when the longest window began, and every change since.
    const rows = await em.getConnection().execute<Row[]>(
      `select "node_id" as "nodeId", "at", "from_status" as "from", "to_status" as "status" from "status_changes"
       where "at" >= ? or "id" in (select max("id") from "status_changes" where "at" < ? group by "node_id") order by "id"`,
      [since, since],
    )
    for (const { nodeId, at, from, status } of rows) remember(nodeId, new Date(at), status, from === null)
    return new Map(rows.map(({ nodeId, status }) => [nodeId, status]))
  }

  /** @throws when it could not; the next batch has it */
  function flush(): Promise<void> {
    if (pending.length === 0) return lastWrite
    const known = new Set(deps.nodes().map(({ id }) => id))
    const batch = pending.filter(({ nodeId }) => known.has(nodeId))
    pending = []
    if (batch.length === 0) return lastWrite
    const rows = batch.map(({ nodeId, from, to, ...rest }) => ({ node: nodeId, fromStatus: from, toStatus: to, ...rest }))
    const write = lastWrite.then(() =>
      em.fork().transactional(async (transaction) => void (await transaction.insertMany(StatusChangeEntity, rows))),
    )
    lastWrite = write.catch(() => {
      pending = [...batch, ...pending].slice(-mostPending)
    })
    return write
  }

  /** What cannot be written now is not on the page yet. */
  const written = (): Promise<void> => flush().catch(() => undefined)

  return {
    /** Needs the registry to have started. What a crash kept from being written is made up for. */
    async start(): Promise<void> {
      await observed.start()
      const last = await load(clock.now().getTime() - longestWindowMs)
      for (const { id, health } of deps.nodes()) {
        const from = last.get(id) ?? null
        if (from !== health.status) add(id, from, health)
      }
    },

    /** @param before its health before the change; undefined for a node that is new */
    record({ id, health }: ClusterNode, before: NodeHealth | undefined): void {
      if (health.status !== before?.status) add(id, before?.status ?? null, health)
    },

    forget(nodeId: string): void {
      turns.delete(nodeId)
      unheard.delete(nodeId)
      pending = pending.filter((change) => change.nodeId !== nodeId)
    },

    flush,

    beat: observed.beat,

    /** Since when a node is not online; null for one that is, or was not heard of. */
    downSince(nodeId: string): Date | null {
      const last = turns.get(nodeId)?.at(-1)
      return last && !last.online ? new Date(last.at) : null
    },

    /** The newest first. `before` is the id of the last one of the page before. */
    async page(nodeId: string, { limit, before }: { limit: number; before?: number | undefined }): Promise<StatusChange[]> {
      await written()
      const where = { node: nodeId, ...(before === undefined ? {} : { id: { $lte: before } }) }
      const rows = await em.fork().find(StatusChangeEntity, where, { orderBy: { id: 'desc' }, limit: limit + 1 })
      const changes = rows.map(({ id, at, fromStatus, toStatus, signal, reason }, index) => {
        const next = rows[index - 1]
        const durationMs = next ? Math.max(0, next.at.getTime() - at.getTime()) : null
        return { id, at, from: fromStatus, to: toStatus, signal, reason, durationMs }
      })
      // The last one of the page before is there for the time at which the first one of this page ended.
      return changes.filter(({ id }) => id !== before).slice(0, limit)
    },

    async count(nodeId: string): Promise<number> {
      await written()
      return em.fork().count(StatusChangeEntity, { node: nodeId })
    },

    uptimeOf(nodeId: string): NodeUptime {
      const now = clock.now().getTime()
      const known = turns.get(nodeId) ?? []
      const over = (ms: number): Share => uptime(known, observed.list(), { from: now - ms, until: now })
      return { day: over(dayMs), week: over(7 * dayMs), month: over(longestWindowMs) }
    },

    /** Forgets what is older than 90 days, and of each node all but the newest 1,000. What held when the 90 days began stays. */
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
      for (const known of turns.values()) {
        const first = known.findLastIndex(({ at }) => at <= now - longestWindowMs)
        if (first > 0) known.splice(0, first)
      }
      await observed.prune()
    },
  }
}
