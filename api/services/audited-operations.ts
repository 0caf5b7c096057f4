import { isFinal, type Operation, type OperationStatus } from '../apps/operation.ts'
import type { Actor, AuditedAction, AuditLog } from '../auth/audit-log.ts'
import { AuditOperationEntity, type AuditOperationRow } from '../auth/audit-operation.entity.ts'
import type { AuditOutcome } from '../auth/audit.entity.ts'
import type { EntityManager } from '../db/orm.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ClusterNode } from '../nodes/node-registry.ts'

/** An outcome that is known and not written yet. After one that is not the last another follows. */
interface Ending {
  outcome: AuditOutcome
  detail: string | null
  durationMs: number | null
  isLast: boolean
}

const outcomes: Record<Exclude<OperationStatus, 'queued' | 'running'>, AuditOutcome> = {
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
  interrupted: 'interrupted',
}

/** Lines of former runs that nobody finished are finished at the start; more than these at once no crash leaves. */
const mostUnfinished = 1000

export type AuditedOperations = ReturnType<typeof createAuditedOperations>

/**
 * Actions that begin an operation: their line in the audit log ends when the operation does, on whatever node that runs and
 * however long after. When its node is lost meanwhile the log says so, and how it ended when the node is back. What cannot be written
 * now is written later.
 */
export function createAuditedOperations(deps: {
  em: EntityManager
  audit: AuditLog
  operationOf: (id: string) => Operation | undefined
  findNode: (id: string) => ClusterNode | undefined
  log: Log
}) {
  const { em, audit, operationOf, findNode, log } = deps
  const open = new Map<number, AuditOperationRow>()
  const endings = new Map<number, Ending>()
  let writing: Promise<void> = Promise.resolve()

  async function write(startedId: number, { isLast, ...ending }: Ending): Promise<void> {
    const row = open.get(startedId)
    if (!row) return
    await em.fork().transactional(async (transaction) => {
      await audit.end(row.actor, row.action, { startedId, ...ending }, transaction)
      if (isLast) await transaction.nativeDelete(AuditOperationEntity, { startedId })
      else await transaction.nativeUpdate(AuditOperationEntity, { startedId }, { lossIsSaid: true })
    })
    if (isLast) open.delete(startedId)
    else row.lossIsSaid = true
  }

  /** One after the other; what fails stays for the next time. */
  function settle(): Promise<void> {
    writing = writing.then(async () => {
      for (const [startedId, ending] of endings) {
        try {
          await write(startedId, ending)
          if (endings.get(startedId) === ending) endings.delete(startedId)
        } catch (error) {
          return log.error({ error: errorMessage(error), waiting: endings.size }, 'outcomes could not be written to the audit log')
        }
      }
    })
    return writing
  }

  function end(rows: AuditOperationRow[], ending: Ending): void {
    if (rows.length === 0) return
    for (const { startedId } of rows) if (!endings.get(startedId)?.isLast) endings.set(startedId, ending)
    void settle()
  }

  const openWhere = (matches: (row: AuditOperationRow) => boolean): AuditOperationRow[] => [...open.values()].filter(matches)
  const unknown = (detail: string, isLast: boolean): Ending => ({ outcome: 'unknown', detail, durationMs: null, isLast })

  function heard(operation: Operation): void {
    if (!isFinal(operation.status)) return
    end(
      openWhere(({ operationId }) => operationId === operation.id),
      endingOf(operation),
    )
  }

  function nodeRemoved(nodeId: string): void {
    const words = 'Its node was removed before it said how this ended'
    end(
      openWhere((row) => row.nodeId === nodeId),
      unknown(words, true),
    )
  }

  return {
    /** Before anything is heard of operations. */
    async start(): Promise<void> {
      for (const row of await em.fork().find(AuditOperationEntity, {})) open.set(row.startedId, row)
      for (const line of await audit.unfinished(mostUnfinished)) {
        if (open.has(line.id)) continue
        const detail = 'Selfhostly ended before it could write how this ended'
        await audit.end({ ...line, name: line.actor }, line, { startedId: line.id, outcome: 'interrupted', detail, durationMs: null })
      }
      for (const { operationId, nodeId } of [...open.values()]) {
        const operation = operationOf(operationId)
        if (operation) heard(operation)
        if (!findNode(nodeId)) nodeRemoved(nodeId)
      }
    },

    /** As `audit.around`, but for the end: that is the operation's. */
    async around<T extends { operation: Operation }>(
      actor: Actor,
      action: AuditedAction,
      run: () => Promise<T>,
      about?: (result: T) => Partial<AuditedAction>,
    ): Promise<T> {
      const begun = await audit.begin(actor, action, run, about)
      const { operation } = begun.result
      const { name, via, address } = actor
      const row = {
        startedId: begun.startedId,
        operationId: operation.id,
        nodeId: operation.nodeId,
        action: begun.action,
        lossIsSaid: false,
      }
      open.set(row.startedId, { ...row, actor: { name, via, address } })
      try {
        await em.fork().insert(AuditOperationEntity, { ...row, actor: { name, via, address } })
      } catch (error) {
        // It runs already. Only a restart before its end would leave it without an outcome, and then the start writes that.
        log.error({ err: error, operation: operation.id }, 'an operation could not be noted for the audit log')
      }
      heard(operationOf(operation.id) ?? operation)
      return begun.result
    },

    heard,
    nodeRemoved,

    /** A node that is not online cannot say how its operations go on. */
    nodeChanged({ id, name, health }: ClusterNode): void {
      if (health.status === 'online') return
      const why = `${name} is ${health.status}: ${health.statusReason ?? 'it does not answer'}`
      end(
        openWhere((row) => row.nodeId === id && !row.lossIsSaid),
        unknown(`${why}. How this ended follows when it is heard again`, false),
      )
    },

    /** A node has said everything that it knows. */
    snapshotHeard(nodeId: string): void {
      const name = findNode(nodeId)?.name ?? nodeId
      end(
        openWhere((row) => row.nodeId === nodeId && !operationOf(row.operationId)),
        unknown(`${name} does not know this operation any more`, true),
      )
    },

    /** The operation that goes on since a line of the log; undefined when it has ended. */
    operationSince: (startedId: number): string | undefined => open.get(startedId)?.operationId,

    /** Resolves when what is known is written, or could not be. */
    flush: (): Promise<void> => settle(),
  }
}

/** How long it ran; that of one that a stop of its node cut off ended at an unknown moment. */
function endingOf({ status, error, createdAt, startedAt, finishedAt }: Operation): Ending {
  const outcome = outcomes[status as keyof typeof outcomes]
  const durationMs = status === 'interrupted' || !finishedAt ? null : Math.max(0, finishedAt.getTime() - (startedAt ?? createdAt).getTime())
  return { outcome, detail: status === 'succeeded' ? null : error, durationMs, isLast: true }
}
