import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** One line of the audit log. The database refuses to change it, and to delete the newest lines. */
export const AuditEntity = defineEntity({
  name: 'AuditEntry',
  tableName: 'audit_entries',
  properties: {
    id: p.integer().primary().autoincrement(),
    at: p.datetime().index(),
    actor: p.string(),
    /** How the actor was identified: local, edge, session, token, node. */
    via: p.string(),
    /** The name of the API token it was done with; null if none was, or in a line from before this was written down. */
    tokenName: p.string().strictNullable(),
    address: p.string(),
    action: p.string(),
    nodeId: p.string().strictNullable(),
    appId: p.string().strictNullable(),
    /** What else the line is about: a name, a setting, an operation. */
    subject: p.string().strictNullable(),
    outcome: p.string().$type<AuditOutcome>(),
    detail: p.text().strictNullable(),
    /** For an outcome: the line that starts the action. */
    startedId: p.integer().strictNullable().index(),
    /** For an outcome: how long the action took, including its operation. Null if unknown. */
    durationMs: p.integer().strictNullable(),
  },
})

/** `unknown`: the node was lost or did not answer. It may report the outcome later, or never. */
export const auditOutcomes = ['started', 'succeeded', 'failed', 'cancelled', 'interrupted', 'unknown', 'denied'] as const
export type AuditOutcome = (typeof auditOutcomes)[number]
export type AuditRow = InferEntity<typeof AuditEntity>
