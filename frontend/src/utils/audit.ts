import type { AuditFilter, AuditOutcome, AuditQuery } from '../graphql/generated/graphql.ts'

export type AuditItem = AuditQuery['audit']['nodes'][number]

/** What is chosen on the page; empty texts ask for nothing. Times are of the browser's clock, as its inputs give them. */
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

/** All that the filter finds, as JSON lines. */
export function auditExportUrl({ actor, action, nodeId, outcome, since, until }: AuditFilter): string {
  const wanted = { actor, action, node_id: nodeId, outcome: outcome?.toLowerCase(), since, until }
  const query = new URLSearchParams(Object.entries(wanted).flatMap(([name, value]) => (value ? [[name, value]] : [])))
  return query.size > 0 ? `/api/audit.jsonl?${query}` : '/api/audit.jsonl'
}

export interface AuditRow {
  entry: AuditItem
  /** For an outcome: the line with which its action began. */
  started: AuditItem | undefined
  /** For a line with which an action began: how that ended, which is on another page. */
  ended: AuditItem | undefined
}

/**
 * The rows of a page: an action whose two lines are both on it is one row, where its outcome is.
 *
 * @param known every line that was loaded so far, by id, so that lines are joined across pages as well
 */
export function auditRows(page: AuditItem[], known: ReadonlyMap<string, AuditItem>): AuditRow[] {
  const outcomes = new Map([...known.values()].flatMap((entry) => (entry.startedId ? [[entry.startedId, entry] as const] : [])))
  const here = new Set(page.map(({ id }) => id))
  return page
    .filter(({ id }) => !here.has(outcomes.get(id)?.id ?? ''))
    .map((entry) => ({
      entry,
      started: entry.startedId ? known.get(entry.startedId) : undefined,
      ended: outcomes.get(entry.id),
    }))
}

const milliseconds = ({ entry, started, ended }: AuditRow): number | undefined => {
  if (started) return Date.parse(entry.at) - Date.parse(started.at)
  return ended && Date.parse(ended.at) - Date.parse(entry.at)
}

/** Such as `took 1.2 s`; undefined while only one line is known. */
export function tookWords(row: AuditRow): string | undefined {
  const took = milliseconds(row)
  if (took === undefined) return undefined
  return took < 1000 ? `took ${took} ms` : `took ${(took / 1000).toFixed(1)} s`
}

const viaNames: Record<string, string> = {
  local: 'this machine',
  link: 'sign-in link',
  command: 'command on the machine',
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
