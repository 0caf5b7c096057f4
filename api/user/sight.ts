import type { Operation } from '../apps/operation.ts'
import { seesNode, type Caller } from '../auth/caller.ts'
import type { Inventory, InventoryApp } from '../cluster/feed/inventory.ts'
import type { ClusterNode, NodeRegistry } from '../cluster/members/node-registry.ts'
import { notFound } from '../errors.ts'

export type Sight = ReturnType<typeof createSight>

/** What one caller sees: their nodes and what runs on them. Anything else does not exist for them. */
export function createSight({ caller, registry, inventory }: { caller: Caller; registry: NodeRegistry; inventory: Inventory }) {
  const seesId = (nodeId: string): boolean => findNode(nodeId) !== undefined

  function findNode(id: string): ClusterNode | undefined {
    const node = registry.find(id)
    return node && seesNode(caller, node.labels) ? node : undefined
  }
  function findApp(id: string): InventoryApp | undefined {
    const app = inventory.app(id)
    return app && seesId(app.nodeId) ? app : undefined
  }
  function findOperation(id: string): Operation | undefined {
    const operation = inventory.operation(id)
    return operation && seesId(operation.nodeId) ? operation : undefined
  }

  return {
    /** Whether the caller sees the node with this id. */
    sees: seesId,
    findNode,
    findApp,
    findOperation,
    /** @throws NOT_FOUND */
    node(id: string): ClusterNode {
      const node = findNode(id)
      if (!node) throw notFound('node', id)
      return node
    },
    /** @throws NOT_FOUND */
    app(id: string): InventoryApp {
      const app = findApp(id)
      if (!app) throw notFound('app', id)
      return app
    },
    /** @throws NOT_FOUND */
    operation(id: string): Operation {
      const operation = findOperation(id)
      if (!operation) throw notFound('operation', id)
      return operation
    },
  }
}
