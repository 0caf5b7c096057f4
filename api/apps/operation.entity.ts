import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { Operation, OperationKind, OperationStatus } from './operation.ts'

/** An operation that this node runs or ran. It outlives its app, so `appId` is not a foreign key. */
export const OperationEntity = defineEntity({
  name: 'Operation',
  tableName: 'operations',
  properties: {
    id: p.uuid().primary(),
    kind: p.string().$type<OperationKind>(),
    status: p.string().$type<OperationStatus>().index(),
    progress: p.integer(),
    message: p.text().strictNullable(),
    output: p.json<string[]>(),
    error: p.text().strictNullable(),
    appId: p.uuid().strictNullable().index(),
    appName: p.string().strictNullable(),
    createdAt: p.datetime().index(),
    startedAt: p.datetime().strictNullable(),
    finishedAt: p.datetime().strictNullable(),
  },
})

export type OperationRow = InferEntity<typeof OperationEntity>

export function operationOf(row: OperationRow, nodeId: string): Operation {
  const { id, kind, status, progress, message, output, error, appId, appName, createdAt, startedAt, finishedAt } = row
  return { id, nodeId, kind, status, progress, message, output, error, appId, appName, createdAt, startedAt, finishedAt }
}
