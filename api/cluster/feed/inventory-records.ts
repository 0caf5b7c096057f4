import type { AppStatus } from '../../apps/app.ts'
import type { Operation } from '../../apps/operation.ts'
import type { EntityManager } from '../../db/orm.ts'
import type { Lenient } from '../../lenient.ts'
import type { Log } from '../../log.ts'
import { readApp, readOperation, toWire } from '../../wire.ts'
import { InventoryAppEntity, InventoryOperationEntity } from './inventory.entity.ts'
import type { InventoryApp } from './known-apps.ts'

/** State from the previous run. */
export async function loadInventory(em: EntityManager, log: Log): Promise<{ apps: InventoryApp[]; operations: Operation[] }> {
  const apps: InventoryApp[] = []
  const operations: Operation[] = []
  const fork = em.fork()
  for (const row of await fork.find(InventoryAppEntity, {})) {
    const { lastKnownStatus, ...document } = row.document as { lastKnownStatus?: AppStatus | null }
    const app = readCopy(log, row.id, readApp(document))
    if (!app) continue
    apps.push({ ...app, lastKnownStatus: lastKnownStatus ?? (app.status === 'unknown' ? null : app.status) })
  }
  for (const row of await fork.find(InventoryOperationEntity, {})) {
    const operation = readCopy(log, row.id, readOperation(row.document))
    if (!operation) continue
    operations.push(operation)
  }
  return { apps, operations }
}

function readCopy<T>(log: Log, id: string, { value, problems }: Lenient<T>): T | null {
  if (value === null) log.warn({ id, problems }, 'cannot read a copy in the inventory; it is replaced when its node reports again')
  return value
}

/** What changed: ids, and the items with those ids that still exist. */
export interface InventoryChanges {
  appIds: string[]
  apps: InventoryApp[]
  operationIds: string[]
  operations: Operation[]
}

/** Saves changes in one transaction. */
export async function saveInventory(em: EntityManager, { appIds, apps, operationIds, operations }: InventoryChanges): Promise<void> {
  await em.fork().transactional(async (transaction) => {
    await transaction.nativeDelete(InventoryAppEntity, { id: { $in: appIds } })
    await transaction.nativeDelete(InventoryOperationEntity, { id: { $in: operationIds } })
    await transaction.insertMany(
      InventoryAppEntity,
      apps.map(({ lastKnownStatus, ...app }) => ({
        id: app.id,
        node: app.nodeId,
        document: { ...toWire(app), lastKnownStatus },
      })),
    )
    await transaction.insertMany(
      InventoryOperationEntity,
      operations.map((operation) => ({
        id: operation.id,
        node: operation.nodeId,
        createdAt: operation.createdAt,
        document: toWire(operation),
      })),
    )
  })
}
