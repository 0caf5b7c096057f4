import type { Clock } from '../clock.ts'
import type { EntityManager } from '../db/orm.ts'
import { OperationEntity, operationOf, type OperationRow } from './operation.entity.ts'
import type { Operation } from './operation.ts'

/** Writes something of an operation's app within a transaction. */
export type Alongside = (transaction: EntityManager) => Promise<unknown>

/** What is stored with an operation and never shown. */
type StoredOnly = Pick<OperationRow, 'input' | 'idempotencyKey' | 'requestHash'>

const keptOperations = 1000

export type OperationRecords = ReturnType<typeof createOperationRecords>

/** Keeps operations in the database. */
export function createOperationRecords({ em, nodeId, clock }: { em: EntityManager; nodeId: string; clock: Clock }) {
  /** Operations that could not be saved, for example because the disk is full. Their rows in the database are out of date. */
  const unsaved = new Map<string, Operation>()

  async function save(operation: Operation, transaction: EntityManager = em.fork(), more: Partial<StoredOnly> = {}): Promise<void> {
    const { nodeId: _, ...row } = operation
    await transaction.upsert(OperationEntity, { ...row, ...more })
  }

  /** Saves a new operation and what `alongside` writes in one transaction. */
  const record = (operation: Operation, alongside?: Alongside, more: Partial<StoredOnly> = {}): Promise<void> =>
    em.fork().transactional(async (transaction) => {
      await alongside?.(transaction)
      await save(operation, transaction, more)
    })

  /** @throws when it cannot be saved now; a later `flush` tries again */
  async function keep(operation: Operation, alongside?: Alongside): Promise<void> {
    unsaved.set(operation.id, operation)
    await (alongside ? record(operation, alongside) : save(operation))
    unsaved.delete(operation.id)
  }

  return {
    record,
    keep,

    /** Saves what could not be saved earlier. */
    async flush(): Promise<void> {
      for (const operation of unsaved.values()) await keep(operation)
    },

    /** Marks operations left unfinished by an earlier run of the program, and deletes the oldest beyond the limit. */
    async interruptUnfinished(): Promise<Operation[]> {
      const fork = em.fork()
      const unfinished = await fork.find(OperationEntity, { status: { $in: ['queued', 'running'] } })
      for (const row of unfinished) {
        row.status = 'interrupted'
        row.error = 'The node stopped before this was finished. Try again to finish it'
        row.finishedAt = clock.now()
      }
      await fork.flush()
      const oldestKept = await fork.find(OperationEntity, {}, { orderBy: { createdAt: 'desc' }, offset: keptOperations, limit: 1 })
      if (oldestKept[0]) await fork.nativeDelete(OperationEntity, { createdAt: { $lte: oldestKept[0].createdAt } })
      return unfinished.map((row) => operationOf(row, nodeId))
    },

    async find(id: string): Promise<Operation | undefined> {
      const row = await em.fork().findOne(OperationEntity, { id })
      return row ? { ...(unsaved.get(id) ?? operationOf(row, nodeId)) } : undefined
    },

    /** Newest first. */
    async recent(count: number): Promise<Operation[]> {
      const rows = await em.fork().find(OperationEntity, {}, { orderBy: { createdAt: 'desc' }, limit: count })
      return rows.map((row) => unsaved.get(row.id) ?? operationOf(row, nodeId))
    },
  }
}
