import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { Actor, AuditedAction } from './audit-log.ts'

/** An action whose operation has not ended. Stored so that the audit log gets its outcome even after a restart. */
export const AuditOperationEntity = defineEntity({
  name: 'AuditOperation',
  tableName: 'audit_operations',
  properties: {
    /** The line that starts the action. */
    startedId: p.integer().primary().autoincrement(false),
    operationId: p.string(),
    nodeId: p.string(),
    actor: p.json<Actor>(),
    action: p.json<AuditedAction>(),
    /** The log already has a line saying that the node was lost. */
    lossIsSaid: p.boolean(),
  },
})

export type AuditOperationRow = InferEntity<typeof AuditOperationEntity>
