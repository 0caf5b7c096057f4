import type { AuditFilter, AuditOutcome } from '../../graphql/generated/graphql.ts'

/** The filters chosen on the page. An empty string means no filter. Times are in the browser's local time, as its inputs return them. */
export interface AuditChoice {
  actor: string
  action: string
  nodeId: string
  outcome: AuditOutcome | ''
  since: string
  until: string
  search: string
}

export const emptyChoice: AuditChoice = { actor: '', action: '', nodeId: '', outcome: '', since: '', until: '', search: '' }

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
    search: choice.search.trim() || undefined,
  }
}

/** The URL that exports every matching line as JSON lines. */
export function auditExportUrl({ actor, action, nodeId, outcome, since, until, search }: AuditFilter): string {
  const wanted = { actor, action, node_id: nodeId, outcome: outcome?.toLowerCase(), since, until, search }
  const query = new URLSearchParams(Object.entries(wanted).flatMap(([name, value]) => (value ? [[name, value]] : [])))
  return query.size > 0 ? `/api/audit.jsonl?${query}` : '/api/audit.jsonl'
}
