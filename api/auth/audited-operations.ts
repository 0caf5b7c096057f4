import { isFinal, type Operation, type OperationStatus } from '../apps/operation.ts'
import type { Actor, AuditedAction, AuditLog } from './audit-log.ts'
import { AuditOperationEntity, type AuditOperationRow } from './audit-operation.entity.ts'
import type { AuditOutcome } from './audit.entity.ts'
import type { EntityManager } from '../db/orm.ts'
import { AppError, errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import { oneAtATime } from '../one-at-a-time.ts'
import type { ClusterNode } from '../cluster/members/node-registry.ts'
import { statusInWords } from '../cluster/members/status-words.ts'
import type { NodeEventHub } from '../cluster/node-events.ts'

/** An outcome that is not written yet. If it is not the last one, another follows. */
interface Ending {
  outcome: AuditOutcome
  detail: string | null
  durationMs: number | null
  isLast: boolean
}

/** A row without who did it, of whom only the names are kept. */
type Followed = Omit<AuditOperationRow, 'actor'>

const outcomes: Record<Exclude<OperationStatus, 'queued' | 'running'>, AuditOutcome> = {
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
  interrupted: 'interrupted',
}

/** How many lines left unfinished by earlier runs are finished at the start. No crash leaves more. */
const mostUnfinished = 1000

export type AuditedOperations = ReturnType<typeof createAuditedOperations>

/**
 * Audits actions that start an operation. Their line in the audit log ends when the operation does, whichever node it runs
 * on and however long it takes. If the node is lost in the meantime, the log says so, and adds the outcome when the node is
 * back. Failed writes are retried later.
 */
export function createAuditedOperations(deps: {
  em: EntityManager
  audit: AuditLog
  operationOf: (id: string) => Operation | undefined
  findNode: (id: string) => ClusterNode | undefined
  nodeEvents: NodeEventHub
  log: Log
}) {
  const { em, audit, operationOf, findNode, nodeEvents, log } = deps
  const open = new Map<number, AuditOperationRow>()
  const endings = new Map<number, Ending>()
  const oneByOne = oneAtATime()

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

  /** Writes the outcomes one after another. Those that fail wait for the next call. */
  const settle = (): Promise<void> =>
    oneByOne(async () => {
      for (const [startedId, ending] of endings) {
        try {
          await write(startedId, ending)
          if (endings.get(startedId) === ending) endings.delete(startedId)
        } catch (error) {
          return log.error({ error: errorMessage(error), waiting: endings.size }, 'could not write outcomes to the audit log')
        }
      }
    })

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
    const words = 'The node was removed before it reported the outcome'
    end(
      openWhere((row) => row.nodeId === nodeId),
      unknown(words, true),
    )
  }

  /** A node that is not online cannot report on its operations. */
  function nodeChanged(node: ClusterNode): void {
    if (node.health.status === 'online') return
    end(
      openWhere((row) => row.nodeId === node.id && !row.lossIsSaid),
      unknown(`${statusInWords(node)}. The outcome follows when the node is back`, false),
    )
  }

  /** A snapshot includes every operation that its node knows. */
  function snapshotHeard(nodeId: string): void {
    const name = findNode(nodeId)?.name ?? nodeId
    end(
      openWhere((row) => row.nodeId === nodeId && !operationOf(row.operationId)),
      unknown(`${name} does not know this operation: it never started, or is forgotten`, true),
    )
  }

  /** From now on the line ends when the operation does, even after a restart. */
  async function follow({ name, via, tokenName = null, address }: Actor, row: Followed, operation?: Operation): Promise<void> {
    const actor = { name, via, tokenName, address }
    open.set(row.startedId, { ...row, actor })
    try {
      await em.fork().insert(AuditOperationEntity, { ...row, actor })
    } catch (error) {
      // The operation is already running. It lacks an outcome only after a restart, which then writes one.
      log.error({ err: error, operation: row.operationId }, 'could not record an operation for the audit log')
    }
    const known = operationOf(row.operationId) ?? operation
    if (known) heard(known)
  }

  nodeEvents.on('operationChanged', 'audit', heard)
  nodeEvents.on('changed', 'audit', ({ node }) => nodeChanged(node))
  nodeEvents.on('removed', 'audit', nodeRemoved)
  nodeEvents.on('snapshotApplied', 'audit', snapshotHeard)

  return {
    /** Call before any operation is reported. */
    async start(): Promise<void> {
      for (const row of await em.fork().find(AuditOperationEntity, {})) open.set(row.startedId, row)
      for (const line of await audit.unfinished(mostUnfinished)) {
        if (open.has(line.id)) continue
        const detail = 'Selfhostly stopped before it could record the outcome'
        await audit.end({ ...line, name: line.actor }, line, { startedId: line.id, outcome: 'interrupted', detail, durationMs: null })
      }
      for (const { operationId, nodeId } of [...open.values()]) {
        const operation = operationOf(operationId)
        if (operation) heard(operation)
        if (!findNode(nodeId)) nodeRemoved(nodeId)
      }
    },

    /** Like `audit.around`, but the line ends with the operation. */
    async around<T extends { operation: Operation }>(
      actor: Actor,
      action: AuditedAction,
      run: () => Promise<T>,
      about?: (result: T) => Partial<AuditedAction>,
    ): Promise<T> {
      const begun = await audit.begin(actor, action, run, about, async (error, startedId) => {
        const lost = error instanceof AppError ? error.mayHaveBegun : undefined
        // The log says already that the outcome is unknown. If the operation was started, its end is heard later.
        if (lost) await follow(actor, { startedId, ...lost, action, lossIsSaid: true })
      })
      const { startedId, result } = begun
      const { id: operationId, nodeId } = result.operation
      await follow(actor, { startedId, operationId, nodeId, action: begun.action, lossIsSaid: false }, result.operation)
      return result
    },

    /** The running operation that an audit line started. Undefined if it has ended. */
    operationSince: (startedId: number): string | undefined => open.get(startedId)?.operationId,

    /** Resolves when every known outcome has been written or has failed. */
    flush: (): Promise<void> => settle(),
  }
}

/** The outcome of a finished operation. Interrupted ones have no duration, because it is unknown when they stopped. */
function endingOf({ status, error, createdAt, startedAt, finishedAt }: Operation): Ending {
  const outcome = outcomes[status as keyof typeof outcomes]
  const durationMs = status === 'interrupted' || !finishedAt ? null : Math.max(0, finishedAt.getTime() - (startedAt ?? createdAt).getTime())
  return { outcome, detail: status === 'succeeded' ? null : error, durationMs, isLast: true }
}
