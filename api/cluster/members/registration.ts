import type { Clock } from '../../clock.ts'
import { AppError, notFound } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { ClusterNode } from './cluster-node.ts'
import { parseRegisterInput, parseUpdateInput, type RegisterNodeInput, type UpdateNodeInput } from './node-input.ts'
import type { NodeKeys } from './node-keys.ts'
import type { NodeRecords } from './node-records.ts'
import { initialHealth } from './node-status.ts'

/** Registers, changes and removes nodes for the registry. Writes the registry's `nodes`. */
export function createRegistration(deps: {
  self: { id: string; isPrimary: boolean }
  nodes: Map<string, ClusterNode>
  /** @throws NOT_FOUND */
  nodeOf: (id: string) => ClusterNode
  keys: NodeKeys
  records: NodeRecords
  clock: Clock
  log: Log
  onRegistered: (node: ClusterNode) => void
  onUpdated: (node: ClusterNode, addressChanged: boolean) => void
  onRemoved: (nodeId: string) => void
}) {
  const { self, nodes, nodeOf, keys, records, clock, log } = deps

  function refuseTaken({ id, name }: { id: string; name?: string }, except?: string): void {
    if (id === self.id && except !== id) {
      throw new AppError('CONFLICT', "id: is this primary's own id. Enter the id that the other node shows", {
        fields: [{ field: 'id', message: "is this primary's own id" }],
      })
    }
    if (!except && nodes.has(id)) {
      throw new AppError('CONFLICT', `id: a node with id ${id} is already registered`, {
        fields: [{ field: 'id', message: 'is already registered' }],
      })
    }
    if (name && [...nodes.values()].some((node) => node.id !== except && node.name === name)) {
      throw new AppError('CONFLICT', `name: another node is already named ${name}`, {
        fields: [{ field: 'name', message: 'is already taken by another node' }],
      })
    }
  }

  /** Writes the fields that are given. The name is taken before the write, and free again if that fails. */
  async function write(node: ClusterNode, { name, apiEndpoint, apiKey, labels }: UpdateNodeInput, updatedAt: Date): Promise<void> {
    const { id, name: former } = node
    node.name = name ?? node.name
    try {
      const columns = { ...(name && { name }), ...(apiEndpoint && { apiEndpoint }), ...(labels && { labels }), updatedAt }
      if (apiKey) await keys.replace(id, apiKey, { ...columns, keyChangedAt: updatedAt })
      else await records.update(id, columns)
    } catch (error) {
      if (name && node.name === name) node.name = former
      throw error
    }
  }

  return {
    /** @throws INVALID_INPUT, CONFLICT, or FORBIDDEN on a secondary, which knows only itself */
    async register(input: RegisterNodeInput): Promise<ClusterNode> {
      if (!self.isPrimary) throw new AppError('FORBIDDEN', 'This is a secondary node. Register nodes on its primary')
      const { id, name, apiEndpoint, apiKey, labels } = parseRegisterInput(input)
      refuseTaken({ id, name })
      const now = clock.now()
      const node = newNode({ id, name, apiEndpoint, labels: labels ?? {} }, now)
      // Set before the write, so that a concurrent registration of the same id or name is refused.
      nodes.set(id, node)
      keys.set(id, apiKey)
      try {
        await records.insert(node, keys.sealed(id, apiKey))
      } catch (error) {
        nodes.delete(id)
        keys.forget(id)
        throw error
      }
      log.info({ node: name, id, endpoint: apiEndpoint }, 'node registered')
      deps.onRegistered(node)
      return { ...node }
    },

    /** Changing the endpoint or key resets the node's failures to 0. @throws NOT_FOUND, INVALID_INPUT, CONFLICT */
    async update(id: string, input: UpdateNodeInput): Promise<{ node: ClusterNode; addressChanged: boolean }> {
      const node = nodeOf(id)
      const changes = parseUpdateInput(input)
      if (id === self.id && isOfSettings(node, changes)) {
        throw new AppError(
          'FORBIDDEN',
          "This node's name, endpoint and key come from its settings. Change NODE_NAME, NODE_API_ENDPOINT or NODE_API_KEY instead",
        )
      }
      // Touch only the fields of this call: another update of the node may be in progress.
      const { name, apiEndpoint, apiKey, labels } = changes
      refuseTaken({ id, name: name ?? '' }, id)
      const updatedAt = clock.now()
      const formerKey = keys.current(id)
      await write(node, changes, updatedAt)
      // The node may have been removed during the write.
      if (nodes.get(id) !== node) throw notFound('node', id)
      const addressChanged = (apiEndpoint ?? node.apiEndpoint) !== node.apiEndpoint || (apiKey ?? formerKey) !== formerKey
      Object.assign(node, { apiEndpoint: apiEndpoint ?? node.apiEndpoint, labels: labels ?? node.labels, updatedAt })
      if (apiKey) node.keyChangedAt = updatedAt
      deps.onUpdated(node, addressChanged)
      return { node: { ...node }, addressChanged }
    },

    /** @throws NOT_FOUND, or FORBIDDEN for this node itself */
    async remove(id: string): Promise<void> {
      const node = nodeOf(id)
      if (id === self.id) throw new AppError('FORBIDDEN', 'This node cannot be removed from its own cluster')
      await records.delete(id)
      // Before deleting it: who may hear about the removal depends on the node's properties.
      deps.onRemoved(id)
      nodes.delete(id)
      keys.forget(id)
      log.info({ node: node.name, id }, 'node removed')
    },
  }
}

const newNode = (given: Pick<ClusterNode, 'id' | 'name' | 'apiEndpoint' | 'labels'>, now: Date): ClusterNode => ({
  ...given,
  isPrimary: false,
  about: null,
  cordon: null,
  maintenance: null,
  keyChangedAt: now,
  createdAt: now,
  updatedAt: now,
  health: initialHealth(now),
})

/** Whether the input changes a value that a node takes from its own settings. Sending back the current value is allowed. */
function isOfSettings(node: ClusterNode, { name, apiEndpoint, apiKey }: UpdateNodeInput): boolean {
  return Boolean(apiKey) || (name ?? node.name) !== node.name || (apiEndpoint ?? node.apiEndpoint) !== node.apiEndpoint
}
