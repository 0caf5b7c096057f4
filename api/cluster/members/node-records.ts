import type { EntityManager } from '../../db/orm.ts'
import type { ClusterNode } from './cluster-node.ts'
import { readHold } from './hold-rules.ts'
import { NodeEntity, type NodeRow } from './node.entity.ts'
import { selfHealth, type NodeHealth } from './node-status.ts'

export type NodeRecords = ReturnType<typeof createNodeRecords>

/** The rows of nodes in the database. Their keys are written by `node-keys.ts`. */
export function createNodeRecords({ em, selfId }: { em: EntityManager; selfId: string }) {
  const update = async (id: string, columns: Partial<NodeRow>): Promise<void> =>
    void (await em.fork().nativeUpdate(NodeEntity, { id }, columns))

  return {
    others: (): Promise<NodeRow[]> => em.fork().find(NodeEntity, { id: { $ne: selfId } }),

    /** If NODE_ID was changed, this node's row under its former id is obsolete. */
    dropFormerSelf: (): Promise<unknown> => em.fork().nativeDelete(NodeEntity, { statusSignal: 'self', id: { $ne: selfId } }),

    /** This node: what its row remembers, updated from its current settings. */
    async saveSelf(self: Pick<ClusterNode, 'id' | 'name' | 'apiEndpoint' | 'isPrimary'>, now: Date): Promise<ClusterNode> {
      const fork = em.fork()
      const known = await fork.findOne(NodeEntity, { id: selfId })
      const node: ClusterNode = {
        ...self,
        labels: known?.labels ?? {},
        about: known?.about ?? null,
        cordon: readHold(known?.cordon ?? null),
        maintenance: readHold(known?.maintenance ?? null),
        keyChangedAt: null,
        createdAt: known?.createdAt ?? now,
        updatedAt: now,
        health: selfHealth(now),
      }
      await fork.upsert(NodeEntity, { ...identityOf(node), ...healthColumns(node.health), apiKey: '' })
      return node
    },

    /** @param sealedKey the key shared with it */
    insert: (node: ClusterNode, sealedKey: string): Promise<unknown> =>
      em.fork().insert(NodeEntity, { ...identityOf(node), ...healthColumns(node.health), apiKey: sealedKey }),

    update,

    delete: (id: string): Promise<unknown> => em.fork().nativeDelete(NodeEntity, { id }),

    /** Saves what changes by itself: the health of nodes, and what they report about themselves. */
    async saveReported(nodes: ClusterNode[]): Promise<void> {
      const rows = nodes.map((node) => ({ id: node.id, about: node.about, ...healthColumns(node.health) }))
      await em.fork().transactional(async (transaction) => {
        for (const { id, ...columns } of rows) await transaction.nativeUpdate(NodeEntity, { id }, columns)
      })
    },
  }
}

/** A node from its row, with `nextCheckAt` as given. */
export const nodeOfRow = (row: NodeRow, nextCheckAt: Date): ClusterNode => ({
  ...identityOf(row),
  health: { ...healthOf(row), nextCheckAt },
})

const identityOf = (node: Omit<ClusterNode, 'health'>) => {
  const { id, name, apiEndpoint, isPrimary, labels, about, cordon, maintenance, keyChangedAt, createdAt, updatedAt } = node
  return {
    id,
    name,
    apiEndpoint,
    isPrimary,
    labels,
    // JSON has no dates.
    about: about && { ...about, startedAt: new Date(about.startedAt) },
    cordon: readHold(cordon),
    maintenance: readHold(maintenance),
    keyChangedAt,
    createdAt,
    updatedAt,
  }
}

const healthOf = (row: NodeRow): NodeHealth => ({
  status: row.status,
  statusSince: row.statusSince,
  statusReason: row.statusReason,
  statusSignal: row.statusSignal,
  lastSeen: row.lastSeen,
  lastHealthCheck: row.lastHealthCheck,
  consecutiveFailures: row.consecutiveFailures,
  nextCheckAt: row.nextCheckAt,
  registeredAt: row.createdAt,
  answeredSinceRegistration: row.answeredSinceRegistration,
})

/** A health without `registeredAt`, which matters only to checks in progress. */
const healthColumns = ({ registeredAt: _, ...columns }: NodeHealth) => columns
