import { withinBounds } from './operation-bounds.ts'
import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { ComposeProblem } from './compose-problem.ts'
import type { OperationInput } from './operations/operation-input.ts'
import { nearestStatus, operationKinds, operationStatuses, type Operation, type OperationKind, type OperationStatus } from './operation.ts'

/** An operation on this node. It outlives its app, so `appId` is not a foreign key. */
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
    warnings: p.json<ComposeProblem[]>().default([]),
    error: p.text().strictNullable(),
    appId: p.uuid().strictNullable().index(),
    appName: p.string().strictNullable(),
    createdAt: p.datetime().index(),
    startedAt: p.datetime().strictNullable(),
    finishedAt: p.datetime().strictNullable(),
    /** What a runner does the work from; null for operations of an earlier version. */
    input: p.json<OperationInput>().nullable(),
    /** How often it was taken up again after the program had ended while it ran. */
    resumed: p.integer().default(0),
    /** Somebody asked to cancel it while it ran. */
    cancelAsked: p.boolean().default(false),
    /** The caller's name for its request. One request is carried out once, however often it is sent. */
    idempotencyKey: p.string().nullable().unique(),
    /** A hash of that request. */
    requestHash: p.string().nullable(),
  },
})

export type OperationRow = InferEntity<typeof OperationEntity>

/** A newer version may have stored words that this one does not know. */
const known = <Word extends string>(words: readonly Word[], word: string): Word | undefined => words.find((each) => each === word)

export function operationOf(row: OperationRow, nodeId: string): Operation {
  const { id, progress, message, output, warnings, error, appId, appName, createdAt, startedAt, finishedAt } = row
  const kind = known(operationKinds, row.kind) ?? 'unknown'
  const status = known(operationStatuses, row.status) ?? nearestStatus(startedAt !== null, finishedAt !== null)
  return withinBounds({
    id,
    nodeId,
    kind,
    status,
    progress,
    message,
    output,
    warnings,
    error,
    appId,
    appName,
    createdAt,
    startedAt,
    finishedAt,
  })
}
