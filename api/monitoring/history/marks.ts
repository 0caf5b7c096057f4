import type { EntityManager } from '../../db/orm.ts'
import { createBatches } from '../../batches.ts'
import { HistoryMarkEntity } from './history.entity.ts'
import type { Mark, MarkKind } from './mark.ts'

/** Restarts of the same thing that follow each other within this time are one mark. A crash loop is one, not a thousand. */
const mergeMs = 15 * 60_000
/** The newest ones that are kept: a month of one every twenty minutes. */
const kept = 2000
const perTurn = 200
const mostPending = 500

/** What an answer has, the newest ones. */
export const mostMarks = 200

type Stored = { id: number | null; kind: MarkKind; at: Date; until: Date | null; nodeId: string; app: string; name: string; times: number }

export type Marks = ReturnType<typeof createMarks>

/** Restarts of containers, and maintenance of nodes, as they happen. */
export function createMarks({ em }: { em: EntityManager }) {
  /** The newest mark of each thing, which the next one may join. */
  const newest = new Map<string, Stored>()
  let pending = new Set<Stored>()
  const thingOf = ({ kind, nodeId, app, name }: Pick<Stored, 'kind' | 'nodeId' | 'app' | 'name'>): string =>
    JSON.stringify([kind, nodeId, app, name])

  async function write(batch: Set<Stored>): Promise<void> {
    await em.fork().transactional(async (within) => {
      for (const mark of batch) {
        const { id, ...columns } = mark
        if (id === null) mark.id = await within.insert(HistoryMarkEntity, columns)
        else await within.nativeUpdate(HistoryMarkEntity, { id }, { until: mark.until, times: mark.times })
      }
    })
  }

  function changed(mark: Stored): void {
    pending.add(mark)
    if (pending.size > mostPending) pending.delete(pending.values().next().value ?? mark)
    // Oldest first, so that what is forgotten here can no longer be joined.
    newest.delete(thingOf(mark))
    newest.set(thingOf(mark), mark)
    if (newest.size > mostPending) newest.delete(newest.keys().next().value ?? '')
  }

  const flush = createBatches<Set<Stored>>({
    take() {
      const batch = pending
      pending = new Set()
      return batch.size > 0 ? batch : null
    },
    async write(batch) {
      try {
        await write(batch)
      } catch (error) {
        // What the transaction took back has no row.
        for (const mark of batch) if (mark.times === 1 && mark.until === null) mark.id = null
        throw error
      }
    },
    giveBack: (batch) => void (pending = new Set([...[...batch, ...pending].slice(-mostPending)])),
  })

  return {
    /** A container of a service, or one of no app, started again. */
    restarted({ app, name, at }: { app: string; name: string; at: Date }): void {
      const fresh: Stored = { id: null, kind: 'restart', at, until: null, nodeId: '', app, name, times: 1 }
      const former = newest.get(thingOf(fresh))
      const sinceMs = former ? at.getTime() - (former.until ?? former.at).getTime() : Infinity
      if (former && sinceMs >= 0 && sinceMs <= mergeMs) changed(Object.assign(former, { until: at, times: former.times + 1 }))
      else changed(fresh)
    },

    /** The maintenance of a node begins, goes on, or is over (null). */
    maintenance(nodeId: string, since: Date | null, now: Date): void {
      const fresh: Stored = { id: null, kind: 'maintenance', at: since ?? now, until: null, nodeId, app: '', name: '', times: 1 }
      const former = newest.get(thingOf(fresh))
      const isOn = former?.until === null
      if (since === null && former && isOn) changed(Object.assign(former, { until: now }))
      if (since !== null && !isOn) changed(fresh)
    },

    /** Finds what still lasts. */
    async start(): Promise<void> {
      const rows = await em
        .fork()
        .find(HistoryMarkEntity, { kind: 'maintenance', until: null }, { limit: mostPending, disableIdentityMap: true })
      for (const { id, kind, at, until, nodeId, app, name, times } of rows) {
        const mark = { id, kind, at, until, nodeId, app, name, times }
        newest.set(thingOf(mark), mark)
      }
    },

    flush,

    /** The newest marks of these times. */
    async between(from: Date, to: Date, of: { nodeId: string; app?: string }): Promise<Mark[]> {
      // What cannot be written is missing for now.
      await flush().catch(() => undefined)
      // What began before and lasts is of these times too.
      const where = {
        ...of,
        at: { $lte: to },
        $or: [{ at: { $gte: from } }, { until: { $gt: from } }, { until: null, kind: 'maintenance' as const }],
      }
      const rows = await em.fork().find(HistoryMarkEntity, where, { orderBy: { at: 'desc' }, limit: mostMarks, disableIdentityMap: true })
      return rows.map(({ kind, at, until, app, name, times }) => ({
        ...{ kind, at, until, times },
        app: app === '' ? null : app,
        name: name === '' ? null : name,
        version: null,
        detail: null,
      }))
    },

    /** Deletes a small batch of the oldest beyond the limit. */
    async prune(): Promise<void> {
      const within = em.fork()
      const old = await within.find(HistoryMarkEntity, {}, { orderBy: { id: 'desc' }, offset: kept, limit: perTurn, fields: ['id'] })
      if (old.length > 0) await within.nativeDelete(HistoryMarkEntity, { id: { $in: old.map(({ id }) => id) } })
    },
  }
}
