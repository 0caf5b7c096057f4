import type { AppOperation } from '../apps/app-service.ts'
import { isFinal, type Operation } from '../apps/operation.ts'
import { appCalls } from '../cluster/calls/app-calls.ts'
import { actionsOf } from '../cluster/calls/declared-call.ts'
import type { Inventory } from '../cluster/feed/inventory.ts'
import type { NodeRouter } from '../cluster/node-router.ts'
import type { Access } from './access.ts'

export const operationActions = actionsOf({ cancelOperation: appCalls.cancelOperation, retryOperation: appCalls.retryOperation })

/** The operations on the nodes that a caller sees. */
export function createUserOperations({ access, inventory, router }: { access: Access; inventory: Inventory; router: NodeRouter }) {
  const { act, start, caller, sight } = access
  const seen = ({ nodeId }: Operation): boolean => sight.sees(nodeId)

  const list = (): Operation[] => inventory.operations().filter(seen)

  return {
    list,
    /** The newest operation of each app, in no order. */
    latest: (): Operation[] => [...newestByApp(list()).values()],
    /** Newest first. */
    ofApp: (appId: string): Operation[] => inventory.operationsOf(appId).filter(seen),
    find: sight.findOperation,
    /** An operation as it is now, then each change until it has ended. @throws NOT_FOUND */
    watch(id: string) {
      const operation = sight.operation(id)
      return access.watch('operation', {
        now: () => [inventory.operation(id) ?? operation],
        seen: (changed) => (changed.id === id && sight.findOperation(id) ? changed : undefined),
        keyOf: () => id,
        isLast: ({ status }) => isFinal(status),
      })
    },
    retry: (id: string): Promise<AppOperation> =>
      start(
        operationActions.retryOperation,
        { id },
        async () => router.forOperation(id, caller.name).retryOperation({ id }),
        ({ app }) => ({ appId: app.id }),
      ),
    cancel: (id: string): Promise<Operation> =>
      act(operationActions.cancelOperation, { id }, async () => router.forOperation(id, caller.name).cancelOperation({ id })),
  }
}

function newestByApp(operations: Operation[]): Map<string, Operation> {
  const newest = new Map<string, Operation>()
  for (const operation of operations) {
    if (operation.appId === null) continue
    const known = newest.get(operation.appId)
    if (!known || known.createdAt < operation.createdAt) newest.set(operation.appId, operation)
  }
  return newest
}
