import { defineEntity, p } from '@mikro-orm/core'
import type { ThingKind } from '../../engine/thing.ts'
import { NodeEntity } from '../members/node.entity.ts'

/** The primary's copy of one container, image, volume or network, as its node last described it (wire form, see engine-wire.ts). */
export const InventoryThingEntity = defineEntity({
  name: 'InventoryThing',
  tableName: 'inventory_things',
  properties: {
    /** Node, kind and id: two nodes have the same image under the same id. */
    key: p.string().primary(),
    node: () => p.manyToOne(NodeEntity).deleteRule('cascade'),
    kind: p.string().$type<ThingKind>(),
    document: p.json<unknown>(),
  },
})
