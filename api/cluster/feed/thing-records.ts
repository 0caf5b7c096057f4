import type { EntityManager } from '../../db/orm.ts'
import { readThing } from '../../engine-wire.ts'
import { thingKinds } from '../../engine/thing.ts'
import { toWire } from '../../wire.ts'
import { InventoryThingEntity } from './inventory-thing.entity.ts'
import { keyOfThing, type KeptThing, type KnownThings } from './known-things.ts'

/** What was saved by the previous run. What cannot be read is left out: its node reports it again. */
export async function loadThings(em: EntityManager): Promise<KeptThing[]> {
  const rows = await em.fork().find(InventoryThingEntity, {})
  return rows.flatMap((row) => {
    const kind = thingKinds.find((each) => each === row.kind)
    const thing = kind && readThing(kind, row.document).value
    return kind && thing ? [{ nodeId: row.node.id, kind, thing }] : []
  })
}

/** Saves changes in one transaction: keys, and what still exists under them. */
async function saveThings(em: EntityManager, keys: string[], things: KeptThing[]): Promise<void> {
  await em.fork().transactional(async (transaction) => {
    await transaction.nativeDelete(InventoryThingEntity, { key: { $in: keys } })
    await transaction.insertMany(
      InventoryThingEntity,
      things.map(({ nodeId, kind, thing }) => ({
        key: keyOfThing(nodeId, kind, thing.id),
        node: nodeId,
        kind,
        document: toWire(thing),
      })),
    )
  })
}

/** Saves what has changed since the last time. */
export async function flushThings(em: EntityManager, known: KnownThings, isOfNode: (thing: KeptThing) => boolean): Promise<void> {
  const keys = [...known.dirty].filter((key) => known.dirty.delete(key))
  if (keys.length === 0) return
  try {
    await saveThings(em, keys, keys.flatMap((key) => known.kept(key) ?? []).filter(isOfNode))
  } catch (error) {
    for (const key of keys) known.dirty.add(key)
    throw error
  }
}
