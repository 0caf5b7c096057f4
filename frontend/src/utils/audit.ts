import { duration } from './time.ts'
import type { AuditFilter, AuditOutcome, AuditQuery } from '../graphql/generated/graphql.ts'

export type AuditItem = AuditQuery['audit']['nodes'][number]

/** The filters chosen on the page. An empty string means no filter. Times are in the browser's local time, as its inputs return them. */
export interface AuditChoice {
  actor: string
  action: string
  nodeId: string
  outcome: AuditOutcome | ''
  since: string
  until: string
}

export const emptyChoice: AuditChoice = { actor: '', action: '', nodeId: '', outcome: '', since: '', until: '' }

const moment = (local: string): string | undefined => {
  const date = new Date(local)
  return local === '' || Number.isNaN(date.getTime()) ? undefined : date.toISOString()
}

export function toAuditFilter(choice: AuditChoice): AuditFilter {
  return {
    actor: choice.actor.trim() || undefined,
    action: choice.action.trim() || undefined,
    nodeId: choice.nodeId || undefined,
    outcome: choice.outcome || undefined,
    since: moment(choice.since),
    until: moment(choice.until),
  }
}

/** The URL that exports every matching line as JSON lines. */
export function auditExportUrl({ actor, action, nodeId, outcome, since, until }: AuditFilter): string {
  const wanted = { actor, action, node_id: nodeId, outcome: outcome?.toLowerCase(), since, until }
  const query = new URLSearchParams(Object.entries(wanted).flatMap(([name, value]) => (value ? [[name, value]] : [])))
  return query.size > 0 ? `/api/audit.jsonl?${query}` : '/api/audit.jsonl'
}

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
  milliseconds < 60_000 ? `${(milliseconds / 1000).toFixed(1)} s` : duration(milliseconds / 1000)

/** Such as `took 1.2 s`, or `for 12 s` while it runs. Undefined if the duration is unknown. */
export function tookWords(row: AuditRow, now: Date): string | undefined {
  if (isUnderWay(row)) return `for ${duration(Math.max(0, (now.getTime() - Date.parse(row.entry.at)) / 1000))}`
  const took = row.ended ? row.ended.durationMs : row.entry.durationMs
  if (typeof took !== 'number') return undefined
  return took < 1000 ? `took ${took} ms` : `took ${seconds(took)}`
}

const viaNames: Record<string, string> = {
  local: 'this machine',
  link: 'sign-in link',
  command: 'command on the server',
  edge: 'trusted edge',
  session: 'browser',
  token: 'API token',
  node: 'node',
  'join-token': 'join token',
  github: 'GitHub',
  oidc: 'OpenID Connect',
  password: 'password',
  several: 'several ways',
}

export const viaWords = (via: string): string => viaNames[via] ?? via
