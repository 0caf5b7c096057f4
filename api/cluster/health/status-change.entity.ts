import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { NodeEntity } from '../members/node.entity.ts'
import type { NodeStatus, StatusSignal } from '../members/node-status.ts'

/** A change of a node's status. */
export const StatusChangeEntity = defineEntity({
  name: 'StatusChange',
  tableName: 'status_changes',
  properties: {
    id: p.integer().primary().autoincrement(),
    node: () => p.manyToOne(NodeEntity).deleteRule('cascade'),
    at: p.datetime().index(),
    /** Null for a node's first status. */
    fromStatus: p.string().$type<NodeStatus>().strictNullable(),
    toStatus: p.string().$type<NodeStatus>(),
    signal: p.string().$type<StatusSignal>(),
    reason: p.text().strictNullable(),
  },
})

/** A period in which this node watched the others without a break. */
export const ObservedPeriodEntity = defineEntity({
  name: 'ObservedPeriod',
  tableName: 'observed_periods',
  properties: {
    id: p.integer().primary().autoincrement(),
    begunAt: p.datetime(),
    /** When this node last recorded that it was running. */
    endedAt: p.datetime(),
  },
})

export type StatusChangeRow = InferEntity<typeof StatusChangeEntity>
