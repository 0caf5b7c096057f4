import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { OperationKind, OperationStatus } from './operation.ts'

/** An operation that this node runs or ran. It outlives its app, so `appId` is not a foreign key. */
export const OperationEntity = defineEntity({
  name: 'Operation',
  tableName: 'operations',
  properties: {
    id: p.uuid().primary(),
    kind: p.string().$type<OperationKind>(),
    status: p.string().$type<OperationStatus>().index(),
    progress: p.integer(),
    message: p.text().nullable(),
    output: p.json<string[]>(),
    error: p.text().nullable(),
    appId: p.uuid().nullable().index(),
    appName: p.string().nullable(),
    createdAt: p.datetime().index(),
    startedAt: p.datetime().nullable(),
    finishedAt: p.datetime().nullable(),
  },
})

export type OperationRow = InferEntity<typeof OperationEntity>
