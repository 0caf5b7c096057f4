import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { Actor, AuditedAction } from './audit-log.ts'

/** An action whose operation has not ended yet, so that the audit log gets its outcome also after a restart. */
export const AuditOperationEntity = defineEntity({
  name: 'AuditOperation',
  tableName: 'audit_operations',
  properties: {
    /** The line with which the action began. */
    startedId: p.integer().primary().autoincrement(false),
    operationId: p.string(),
    nodeId: p.string(),
    actor: p.json<Actor>(),
    action: p.json<AuditedAction>(),
    /** The log says already that the node was lost meanwhile. */
    lossIsSaid: p.boolean(),
  },
})

export type AuditOperationRow = InferEntity<typeof AuditOperationEntity>
