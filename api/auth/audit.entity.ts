import { defineEntity, p, type InferEntity } from '@mikro-orm/core'

/** One line of the audit log. The database refuses to change or delete it. */
export const AuditEntity = defineEntity({
  name: 'AuditEntry',
  tableName: 'audit_entries',
  properties: {
    id: p.integer().primary().autoincrement(),
    at: p.datetime().index(),
    actor: p.string(),
    /** How the actor was known: local, edge, session, token, node. */
    via: p.string(),
    address: p.string(),
    action: p.string(),
    nodeId: p.string().strictNullable(),
    appId: p.string().strictNullable(),
    /** What else it was about: a name, a setting, an operation. */
    subject: p.string().strictNullable(),
    outcome: p.string().$type<AuditOutcome>(),
    detail: p.text().strictNullable(),
    /** For an outcome: the line with which the action began. */
    startedId: p.integer().strictNullable().index(),
    /** For an outcome: how long the action took, its operation included; null where nobody knows. */
    durationMs: p.integer().strictNullable(),
  },
})

/** `unknown`: its node was lost, and may say later; or nobody will ever say. */
export const auditOutcomes = ['started', 'succeeded', 'failed', 'cancelled', 'interrupted', 'unknown', 'denied'] as const
export type AuditOutcome = (typeof auditOutcomes)[number]
export type AuditRow = InferEntity<typeof AuditEntity>
