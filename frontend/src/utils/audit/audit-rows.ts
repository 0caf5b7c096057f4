import type { AuditItem } from '../../graphql/items.ts'
import { durationWords } from '../shared/time.ts'

export interface AuditRow {
  entry: AuditItem
  /** For a start line: how the action ended, if that outcome's line is on another page. */
  ended: AuditItem['ended']
}

/** The rows of a page. An action whose latest outcome is on the page is one row, at the outcome's place. */
export function auditRows(page: AuditItem[]): AuditRow[] {
  const newest = new Map<string, AuditItem>()
  for (const entry of page) if (entry.startedId && !newest.has(entry.startedId)) newest.set(entry.startedId, entry)
  return page
    .filter(({ id, startedId }) => !newest.has(id) && (!startedId || newest.get(startedId)?.id === id))
    .map((entry) => ({ entry, ended: entry.ended }))
}

/** Whether an action is still running, because it has no outcome yet. */
export const isUnderWay = ({ entry, ended }: AuditRow): boolean => entry.outcome === 'STARTED' && !ended

const seconds = (milliseconds: number): string =>
  milliseconds < 60_000 ? `${(milliseconds / 1000).toFixed(1)} s` : durationWords(milliseconds / 1000)

/** Such as `took 1.2 s`, or `for 12 s` while it runs. Undefined if the duration is unknown. */
export function tookWords(row: AuditRow, now: Date): string | undefined {
  if (isUnderWay(row)) return `for ${durationWords(Math.max(0, (now.getTime() - Date.parse(row.entry.at)) / 1000))}`
  const took = row.ended ? row.ended.durationMs : row.entry.durationMs
  if (typeof took !== 'number') return undefined
  return took < 1000 ? `took ${took} ms` : `took ${seconds(took)}`
}
