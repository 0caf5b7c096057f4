import type { Clock } from '../clock.ts'
import type { EntityManager } from '../db/orm.ts'
import { OperationEntity, operationOf, type OperationRow } from './operation.entity.ts'
import type { Operation } from './operation.ts'
import { readOperationInput, type OperationInput } from './operations/operation-input.ts'

/** Writes something of an operation's app within a transaction. */
export type Alongside = (transaction: EntityManager) => Promise<unknown>

/** What is stored with an operation and never shown. */
type StoredOnly = Pick<OperationRow, 'input' | 'resumed' | 'idempotencyKey' | 'requestHash'>

/** An operation that an earlier run of the program left unfinished. */
export interface Unfinished {
  operation: Operation
  /** Null when this version cannot do it again. */
  input: OperationInput | null
  /** How often it was taken up again already. */
  resumed: number
  cancelAsked: boolean
}

const hasBegun = ({ startedAt }: Pick<Operation, 'startedAt'>): boolean => startedAt !== null

/** As long as a caller may send a request with an idempotency key again. Then the key may be used for another one. */
export const keysLastMs = 24 * 3_600_000

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

    /** What an earlier run of the program left unfinished, in the order in which it goes on. Deletes the oldest beyond the limit. */
    async unfinished(): Promise<Unfinished[]> {
      const fork = em.fork()
      const rows = await fork.find(OperationEntity, { status: { $in: ['queued', 'running'] } }, { orderBy: { createdAt: 'asc' } })
      // Per app at most one has begun, and the others wait for it.
      const inOrder = [...rows.filter(hasBegun), ...rows.filter((row) => !hasBegun(row))]
      const longAgo = new Date(clock.now().getTime() - keysLastMs)
      await fork.nativeUpdate(OperationEntity, { createdAt: { $lt: longAgo }, idempotencyKey: { $ne: null } }, { idempotencyKey: null })
      const oldestKept = await fork.find(OperationEntity, {}, { orderBy: { createdAt: 'desc' }, offset: keptOperations, limit: 1 })
      if (oldestKept[0]) await fork.nativeDelete(OperationEntity, { createdAt: { $lte: oldestKept[0].createdAt }, idempotencyKey: null })
      return inOrder.map((row) => ({
        operation: operationOf(row, nodeId),
        input: row.input === null ? null : readOperationInput(row.input),
        resumed: row.resumed,
        cancelAsked: row.cancelAsked,
      }))
    },

    /** Notes that somebody wants it cancelled, in case the program ends before it is. */
    askCancel: async (id: string): Promise<void> => void (await em.fork().nativeUpdate(OperationEntity, { id }, { cancelAsked: true })),

    /** Writes, in the transaction of a removal, that what runs or waits on its app is to be cancelled. */
    askCancelOf:
      (appId: string): Alongside =>
      (transaction) =>
        transaction.nativeUpdate(
          OperationEntity,
          { appId, kind: { $ne: 'remove' }, status: { $in: ['queued', 'running'] } },
          { cancelAsked: true },
        ),

    /** An operation and its input, if this version can read it. */
    async withInput(id: string): Promise<{ operation: Operation; input: OperationInput | null } | undefined> {
      const row = await em.fork().findOne(OperationEntity, { id })
      if (!row) return undefined
      return { operation: unsaved.get(id) ?? operationOf(row, nodeId), input: row.input === null ? null : readOperationInput(row.input) }
    },

    /** The operation that a request with this key started, and the hash of that request. */
    async withKey(idempotencyKey: string): Promise<{ operation: Operation; requestHash: string | null } | undefined> {
      const row = await em.fork().findOne(OperationEntity, { idempotencyKey })
      if (!row) return undefined
      return { operation: unsaved.get(row.id) ?? operationOf(row, nodeId), requestHash: row.requestHash ?? null }
    },

    forgetKey: async (idempotencyKey: string): Promise<void> =>
      void (await em.fork().nativeUpdate(OperationEntity, { idempotencyKey }, { idempotencyKey: null, requestHash: null })),

    /** Saves that an operation is taken up again. */
    resume: (operation: Operation, resumed: number): Promise<void> => save(operation, em.fork(), { resumed }),

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
