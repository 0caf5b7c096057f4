import { isDeepStrictEqual } from 'node:util'
import type { EntityManager } from '../../db/orm.ts'
import type { Clock } from '../../clock.ts'
import { createBatches } from '../../batches.ts'
import { notFound } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { ClusterNode, NodeAddress } from './cluster-node.ts'
import type { NodeAbout } from './node-about.ts'
import { phaseOf } from './check-times.ts'
import type { HealthPolicy } from './health-policy.ts'
import { createKeyAccess } from './key-access.ts'
import { loadNodes } from './load-nodes.ts'
import type { HoldKind, NodeHold } from './hold-rules.ts'
import { createNodeKeys } from './node-keys.ts'
import { createNodeRecords } from './node-records.ts'
import { isDue, observe, type NodeHealth, type Observation } from './node-status.ts'
import { createRegistration } from './registration.ts'

export type { ClusterNode, NodeAddress } from './cluster-node.ts'

export type NodeRegistry = ReturnType<typeof createNodeRegistry>

/**
 * The cluster's nodes and their health, and the only writer of both. Health lives in memory: status changes are written to
 * the database at once, timestamps later in batches by `flush`. Every observation is applied in one synchronous step, so
 * concurrent ones cannot overwrite each other.
 */
export function createNodeRegistry(deps: {
  em: EntityManager
  self: { id: string; name: string; apiEndpoint: string; apiKey: string; isPrimary: boolean }
  seal: (apiKey: string, nodeId: string) => string
  open: (sealed: string, nodeId: string) => string
  policy: HealthPolicy
  random: () => number
  clock: Clock
  log: Log
  /** `before` is the node's health before the change; undefined for a new node. */
  onChange: (node: ClusterNode, before?: NodeHealth) => void
  onRemoved: (nodeId: string) => void
  /** A node has a new key. The former one still works for a while. */
  onKeyChanged?: ((nodeId: string) => void) | undefined
}) {
  const { self, clock, policy, log } = deps
  const nodes = new Map<string, ClusterNode>()
  const keys = createNodeKeys(deps)
  const records = createNodeRecords({ em: deps.em, selfId: deps.self.id })
  const dirty = new Set<string>()

  const nodeOf = (id: string): ClusterNode => {
    const node = nodes.get(id)
    if (!node) throw notFound('node', id)
    return node
  }

  const flush = createBatches<string[]>({
    take() {
      const ids = [...dirty]
      dirty.clear()
      return ids.length > 0 ? ids : null
    },
    write: (ids) => records.saveReported(ids.flatMap((id) => nodes.get(id) ?? [])),
    giveBack: (ids) => ids.forEach((id) => nodes.has(id) && dirty.add(id)),
  })

  function apply(node: ClusterNode, observation: Observation): ClusterNode {
    const before = node.health
    node.health = observe(before, observation, clock.now(), policy, { phase: phaseOf(node.id), random: deps.random })
    dirty.add(node.id)
    if (node.health.status !== before.status) {
      log.info(changeOf(node, before), 'node status changed')
      // The periodic flush retries a failed write and reports it.
      flush().catch(() => undefined)
    }
    deps.onChange({ ...node }, before)
    return { ...node }
  }

  const { register, update, remove } = createRegistration({
    ...{ self, nodes, nodeOf, keys, records, clock, log },
    onRegistered: (node) => deps.onChange({ ...node }),
    onUpdated(node, addressChanged) {
      if (addressChanged) apply(node, { kind: 'registered' })
      else deps.onChange({ ...node }, node.health)
    },
    onRemoved: deps.onRemoved,
  })

  return {
    start: (): Promise<void> => loadNodes({ self, nodes, keys, records, policy, clock }),

    flush,

    /** This node first, the others sorted by name. */
    list: (): ClusterNode[] =>
      [...nodes.values()]
        .map((node) => ({ ...node }))
        .sort((a, b) => Number(b.id === self.id) - Number(a.id === self.id) || a.name.localeCompare(b.name, 'en')),

    find: (id: string): ClusterNode | undefined => (nodes.has(id) ? { ...nodeOf(id) } : undefined),

    get: (id: string): ClusterNode => ({ ...nodeOf(id) }),

    ...createKeyAccess({ nodes, nodeOf, keys, clock, onChange: deps.onChange, onKeyChanged: deps.onKeyChanged }),

    addressOf(id: string): NodeAddress {
      const { name, apiEndpoint, about } = nodeOf(id)
      return { id, name, apiEndpoint, apiKey: keys.current(id) ?? '', connection: about?.connection }
    },

    due(): ClusterNode[] {
      const now = clock.now()
      return [...nodes.values()].filter((node) => node.id !== self.id && isDue(node.health, now, policy))
    },

    /** @throws NOT_FOUND */
    observe: (id: string, observation: Observation): ClusterNode => apply(nodeOf(id), observation),

    /** Stores what a node reports about its program. Ignored for a node that was removed. */
    learn(id: string, about: NodeAbout): void {
      const node = nodes.get(id)
      if (!node || isDeepStrictEqual(node.about, about)) return
      node.about = about
      dirty.add(id)
      deps.onChange({ ...node }, node.health)
    },

    /** @throws NOT_FOUND */
    async setHold(id: string, kind: HoldKind, hold: NodeHold | null): Promise<ClusterNode> {
      const node = nodeOf(id)
      await records.update(id, { [kind]: hold })
      // The node may have been removed during the write.
      if (nodes.get(id) !== node) throw notFound('node', id)
      node[kind] = hold
      deps.onChange({ ...node }, node.health)
      return { ...node }
    },

    register,
    update,
    remove,

    /** Call when `self.name` may have changed. */
    async renameSelf(): Promise<void> {
      const node = nodeOf(self.id)
      if (node.name === self.name) return
      node.name = self.name
      deps.onChange({ ...node }, node.health)
      await records.update(node.id, { name: node.name })
    },
  }
}

const changeOf = ({ name, health }: ClusterNode, before: NodeHealth) => ({
  ...{ node: name, from: before.status, to: health.status },
  ...{ reason: health.statusReason, failures: health.consecutiveFailures },
})
