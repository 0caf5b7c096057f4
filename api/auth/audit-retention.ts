import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'

/** How much of the audit log is kept. The bound reached first applies. */
export interface AuditBounds {
  maxAgeMs: number
  maxLines: number
  maxBytes: number
}

/** Rows per statement. One statement blocks everything else for a few milliseconds at most. */
const batch = 2000

/** Approximate stored size: the texts, plus 60 bytes for the row and its index. */
const bytesOfRow = `sum(length(cast("actor" || "via" || "address" || "action" || ifnull("node_id", '') || ifnull("app_id", '') ||
  ifnull("subject", '') || "outcome" || ifnull("detail", '') as blob)) + 60)`

/**
 * Deletes the oldest audit log lines beyond its bounds. A trigger in the database allows deleting the oldest lines and refuses to
 * delete the newest; see the migration.
 */
export function createAuditRetention(deps: { em: EntityManager; bounds: AuditBounds; clock: Clock; log: Log }) {
  const { em, bounds, clock, log } = deps
  let running = false

  const read = async <T>(sql: string, values: unknown[] = []): Promise<T> => {
    const rows = await em.fork().getConnection().execute<T[]>(sql, values)
    return rows[0] as T
  }

  /** The id of the newest line to delete, or 0 for none. */
  async function lastToGo(): Promise<number> {
    const { first, last } = await read<{ first: number | null; last: number | null }>(
      'select min("id") as first, max("id") as last from "audit_entries"',
    )
    if (first === null || last === null) return 0
    const oldest = clock.now().getTime() - bounds.maxAgeMs
    const { id: byAge } = await read<{ id: number | null }>('select max("id") as id from "audit_entries" where "at" < ?', [oldest])
    const byBytes = await lastBeyondBytes(first, last)
    // The newest lines show what deleted the others.
    return Math.min(Math.max(byAge ?? 0, last - bounds.maxLines, byBytes), last - keptAlways)
  }

  /** The id at which the size, added up from the newest line, exceeds the bound. Reads in batches so that requests get a turn. */
  async function lastBeyondBytes(first: number, last: number): Promise<number> {
    let bytes = 0
    for (let to = last; to >= first; to -= batch) {
      const { sum } = await read<{ sum: number | null }>(`select ${bytesOfRow} as sum from "audit_entries" where "id" > ? and "id" <= ?`, [
        to - batch,
        to,
      ])
      bytes += sum ?? 0
      if (bytes > bounds.maxBytes) return to
      await nextTurn()
    }
    return 0
  }

  async function prune(): Promise<void> {
    const to = await lastToGo()
    const { first } = await read<{ first: number | null }>('select min("id") as first from "audit_entries"')
    if (first === null || first > to) return
    for (let from = first; from <= to; from += batch) {
      await em
        .fork()
        .getConnection()
        .execute('delete from "audit_entries" where "id" >= ? and "id" <= ?', [from, Math.min(to, from + batch - 1)])
      await nextTurn()
    }
    log.info({ lines: to - first + 1 }, 'deleted old audit log lines')
  }

  return {
    /** Does nothing if it is already running. @throws database errors */
    async run(): Promise<void> {
      if (running) return
      running = true
      await prune().finally(() => (running = false))
    },
  }
}

/** The same number as in the trigger that the migration creates. */
export const keptAlways = 1000

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
