import type { Operation } from '../../apps/operation.ts'
import type { Clock } from '../../clock.ts'
import { createMemoryShares } from '../limits/memory-share.ts'

const keptPerNode = 200
/** Memory limit per node, in characters. */
const share = { mostThings: keptPerNode + 50, mostWeight: 16 * 2 ** 20 }
const operationWeight = 1000

/** The latest operations of every node, within a limit per node. */
export function createKnownOperations({ clock }: { clock: Clock }) {
  const operations = new Map<string, Operation>()
  const shares = createMemoryShares(share)
  /** Ids of what has changed since it was last saved. */
  const dirty = new Set<string>()

  /** Keeps the newest operations within the limits on number and size. */
  function forgetOld(nodeId: string): void {
    const own = shares.idsOf(nodeId).flatMap((id) => operations.get(id) ?? [])
    let weight = 0
    for (const [index, operation] of own.sort(newestFirst).entries()) {
      weight += weightOfOperation(operation)
      if (index < keptPerNode && weight <= share.mostWeight / 2) continue
      operations.delete(operation.id)
      shares.remove(nodeId, operation.id)
      dirty.add(operation.id)
    }
  }

  return {
    dirty,
    forgetOld,

    /** @returns the stored operation */
    put(nodeId: string, told: Operation): Operation {
      // Lists show the newest first, so a clock that is ahead would put this node's operations above all others.
      const operation = { ...told, createdAt: notLater(told.createdAt, operations.get(told.id)?.createdAt ?? clock.now()) }
      shares.put(nodeId, operation.id, weightOfOperation(operation))
      if (shares.isOver(nodeId)) forgetOld(nodeId)
      operations.set(operation.id, operation)
      dirty.add(operation.id)
      return operation
    },

    /** Takes over an operation that was saved. */
    restore(operation: Operation): void {
      shares.put(operation.nodeId, operation.id, weightOfOperation(operation))
      operations.set(operation.id, operation)
    },

    dropNode(nodeId: string): void {
      for (const operation of [...operations.values()]) if (operation.nodeId === nodeId) operations.delete(operation.id)
      shares.forget(nodeId)
    },

    get: (id: string): Operation | undefined => operations.get(id),

    /** Newest first. */
    list: (): Operation[] => [...operations.values()].sort(newestFirst),
  }
}

const weightOfOperation = ({ output, error }: Operation): number =>
  output.reduce((sum, line) => sum + line.length, operationWeight + (error?.length ?? 0))

const newestFirst = (a: Operation, b: Operation): number => b.createdAt.getTime() - a.createdAt.getTime()

const notLater = (moment: Date, than: Date): Date => (moment > than ? than : moment)
