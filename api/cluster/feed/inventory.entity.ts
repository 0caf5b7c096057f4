import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import { NodeEntity } from '../members/node.entity.ts'

/** The primary's copy of one app, as its node last described it (wire form, see wire.ts). */
export const InventoryAppEntity = defineEntity({
  name: 'InventoryApp',
  tableName: 'inventory_apps',
  properties: {
    id: p.uuid().primary(),
    node: () => p.manyToOne(NodeEntity).deleteRule('cascade'),
    document: p.json<unknown>(),
  },
})

/** The primary's copy of one operation on any node (wire form). */
export const InventoryOperationEntity = defineEntity({
  name: 'InventoryOperation',
  tableName: 'inventory_operations',
  properties: {
    id: p.uuid().primary(),
    node: () => p.manyToOne(NodeEntity).deleteRule('cascade'),
    createdAt: p.datetime(),
    document: p.json<unknown>(),
  },
})

export type InventoryAppRow = InferEntity<typeof InventoryAppEntity>
export type InventoryOperationRow = InferEntity<typeof InventoryOperationEntity>
