import { isDeepStrictEqual } from 'node:util'
import type { EntityManager } from '../db/orm.ts'
import type { Clock } from '../clock.ts'
import { AppError, notFound, StartError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ConnectionMode, NodeAbout } from './about.ts'
import { firstCheckAfterStart, phaseOf } from './check-times.ts'
import type { HealthPolicy } from './health-policy.ts'
import { readHold, type HoldKind, type NodeHold } from './node-hold.ts'
import { parseRegisterInput, parseUpdateInput, type RegisterNodeInput, type UpdateNodeInput } from './node-input.ts'
import { createNodeKeys } from './node-keys.ts'
import { NodeEntity, type NodeRow } from './node.entity.ts'
import { initialHealth, isDue, observe, selfHealth, type NodeHealth, type Observation } from './node-status.ts'

export interface ClusterNode {
  id: string
  name: string
  apiEndpoint: string
  isPrimary: boolean
  /** What people sort nodes by, such as `env=lab`. */
  labels: Record<string, string>
  /** What it last said of its program; null for a node that has said nothing yet. */
  about: NodeAbout | null
  /** Set: it takes no new apps. */
  cordon: NodeHold | null
  /** Set: it raises no alarms. */
  maintenance: NodeHold | null
  /** Null for the primary itself. */
  keyChangedAt: Date | null
  createdAt: Date
  updatedAt: Date
  health: NodeHealth
}

/** How a node is reached: never shown to anyone, never logged. */
export interface NodeAddress {
  id: string
  name: string
  apiEndpoint: string
  apiKey: string
  /** What the node said of how it may be spoken to; plain HTTP while that is not known. */
  connection?: ConnectionMode | undefined
}

export type NodeRegistry = ReturnType<typeof createNodeRegistry>

/**
 * Who is in the cluster and how they are; the only writer of both. Health lives in memory: a transition is written to the
 * database at once, timestamps are marked and written together by `flush`. Every observation is applied in one
 * synchronous step, so two at once cannot lose one.
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
  /** `before` is its health before the change; undefined for a node that is new. */
  onChange: (node: ClusterNode, before?: NodeHealth) => void
  onRemoved: (nodeId: string) => void
  /** A node has a new key, and a former one that is good for a while yet. */
  onKeyChanged?: (nodeId: string) => void
}) {
  const { em, self, clock, policy, log } = deps
  const nodes = new Map<string, ClusterNode>()
  const keys = createNodeKeys(deps)
  const dirty = new Set<string>()
  let lastWrite = Promise.resolve()
  let underWay = lastWrite

  const nodeOf = (id: string): ClusterNode => {
    const node = nodes.get(id)
    if (!node) throw notFound('node', id)
    return node
  }

  /** Writes what changed in the order in which it changed, a batch in one transaction. @throws when it could not; the next batch has it */
  function flush(): Promise<void> {
    const ids = [...dirty]
    dirty.clear()
    if (ids.length === 0) return underWay
    underWay = lastWrite.then(async () => {
      const rows = ids
        .flatMap((id) => nodes.get(id) ?? [])
        .map((node) => ({ id: node.id, about: node.about, ...healthColumns(node.health) }))
      await em.fork().transactional(async (transaction) => {
        for (const { id, ...columns } of rows) await transaction.nativeUpdate(NodeEntity, { id }, columns)
      })
    })
    lastWrite = underWay.catch(() => {
      for (const id of ids) if (nodes.has(id)) dirty.add(id)
    })
    return underWay
  }

  function apply(node: ClusterNode, observation: Observation): ClusterNode {
    const before = node.health
    node.health = observe(before, observation, clock.now(), policy, { phase: phaseOf(node.id), random: deps.random })
    dirty.add(node.id)
    if (node.health.status !== before.status) {
      const { status, statusReason, consecutiveFailures } = node.health
      log.info(
        { node: node.name, from: before.status, to: status, reason: statusReason, failures: consecutiveFailures },
        'node status changed',
      )
      // One that fails is tried again, and told, with what is written every few seconds.
      flush().catch(() => undefined)
    }
    deps.onChange({ ...node }, before)
    return { ...node }
  }

  function refuseTaken({ id, name }: { id: string; name?: string }, except?: string): void {
    if (id === self.id && except !== id) {
      throw new AppError('CONFLICT', 'id: is the id of this primary itself. Register the id that the other node shows', {
        fields: [{ field: 'id', message: 'is the id of this primary itself' }],
      })
    }
    if (!except && nodes.has(id)) {
      throw new AppError('CONFLICT', `id: a node with id ${id} is registered already`, {
        fields: [{ field: 'id', message: 'is registered already' }],
      })
    }
    if (name && [...nodes.values()].some((node) => node.id !== except && node.name === name)) {
      throw new AppError('CONFLICT', `name: a node is named ${name} already`, {
        fields: [{ field: 'name', message: 'is the name of another node' }],
      })
    }
  }

  async function loadOthers(): Promise<void> {
    const now = clock.now()
    for (const row of await em.fork().find(NodeEntity, { id: { $ne: self.id } })) {
      const nextCheckAt = firstCheckAfterStart(phaseOf(row.id), now, policy)
      nodes.set(row.id, { ...identityOf(row), health: { ...healthOf(row), nextCheckAt } })
      keys.load(row)
    }
  }

  return {
    async start(): Promise<void> {
      // A former id of this node (NODE_ID was changed) is nobody any more.
      await em.fork().nativeDelete(NodeEntity, { statusSignal: 'self', id: { $ne: self.id } })
      // A secondary is a cluster of one: itself.
      if (self.isPrimary) await loadOthers()
      if ([...nodes.values()].some((node) => node.name === self.name)) {
        throw new StartError(`NODE_NAME: a registered node is named ${self.name} already. Give this one another name`)
      }
      const fork = em.fork()
      const known = await fork.findOne(NodeEntity, { id: self.id })
      const now = clock.now()
      const { apiKey: _, ...identity } = self
      const node: ClusterNode = {
        ...identity,
        labels: known?.labels ?? {},
        about: known?.about ?? null,
        cordon: readHold(known?.cordon ?? null),
        maintenance: readHold(known?.maintenance ?? null),
        keyChangedAt: null,
        createdAt: known?.createdAt ?? now,
        updatedAt: now,
        health: selfHealth(now),
      }
      nodes.set(self.id, node)
      keys.set(self.id, self.apiKey)
      await fork.upsert(NodeEntity, { ...identityOf(node), ...healthColumns(node.health), apiKey: '' })
    },

    flush,

    /** The node itself first, then by name. */
    list: (): ClusterNode[] =>
      [...nodes.values()]
        .map((node) => ({ ...node }))
        .sort((a, b) => Number(b.id === self.id) - Number(a.id === self.id) || a.name.localeCompare(b.name, 'en')),

    find: (id: string): ClusterNode | undefined => {
      const node = nodes.get(id)
      return node && { ...node }
    },

    get: (id: string): ClusterNode => ({ ...nodeOf(id) }),

    /** The key that is shared with a node; null for an unknown id. */
    keyOf: (id: string): string | null => keys.current(id),

    /** Every key that a node may call with; more than one only while it changes. */
    keysOf: (id: string): string[] => keys.all(id),

    hasNextKey: (id: string): boolean => keys.next(id) !== null,
    isNextKey: (id: string, apiKey: string): boolean => keys.next(id) === apiKey,
    prepareKey: (id: string): Promise<string> => keys.prepare(nodeOf(id).id),
    dropNextKey: (id: string, next: string): Promise<void> => keys.drop(id, next),

    /** The node has its next key. @returns whether it was that still */
    async promoteKey(id: string, next: string): Promise<boolean> {
      const node = nodeOf(id)
      const now = clock.now()
      if (!(await keys.promote(id, next, now)) || nodes.get(id) !== node) return false
      node.keyChangedAt = now
      deps.onChange({ ...node }, node.health)
      deps.onKeyChanged?.(id)
      return true
    },

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

    /** A node has said what its program is. What a removed node had still to say is dropped. */
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
      await em.fork().nativeUpdate(NodeEntity, { id }, { [kind]: hold })
      // It may have been removed while this was written.
      if (nodes.get(id) !== node) throw notFound('node', id)
      node[kind] = hold
      deps.onChange({ ...node }, node.health)
      return { ...node }
    },

    /** @throws INVALID_INPUT, CONFLICT, and FORBIDDEN on a secondary, which knows only itself */
    async register(input: RegisterNodeInput): Promise<ClusterNode> {
      if (!self.isPrimary) throw new AppError('FORBIDDEN', 'This is a secondary node. Register nodes on its primary')
      const { id, name, apiEndpoint, apiKey, labels } = parseRegisterInput(input)
      refuseTaken({ id, name })
      const now = clock.now()
      const node: ClusterNode = {
        id,
        name,
        apiEndpoint,
        isPrimary: false,
        labels: labels ?? {},
        about: null,
        cordon: null,
        maintenance: null,
        keyChangedAt: now,
        createdAt: now,
        updatedAt: now,
        health: initialHealth(now),
      }
      // Kept before it is written, so that a second registration of the same id or name at this moment is refused.
      nodes.set(id, node)
      keys.set(id, apiKey)
      try {
        await em.fork().insert(NodeEntity, { ...identityOf(node), ...healthColumns(node.health), apiKey: keys.sealed(id, apiKey) })
      } catch (error) {
        nodes.delete(id)
        keys.forget(id)
        throw error
      }
      log.info({ node: name, id, endpoint: apiEndpoint }, 'node registered')
      deps.onChange({ ...node })
      return { ...node }
    },

    /** A change of endpoint or key starts the node's failures at 0. @throws NOT_FOUND, INVALID_INPUT, CONFLICT */
    async update(id: string, input: UpdateNodeInput): Promise<{ node: ClusterNode; addressChanged: boolean }> {
      const node = nodeOf(id)
      const changes = parseUpdateInput(input)
      if (id === self.id && (changes.name ?? changes.apiEndpoint ?? changes.apiKey ?? null) !== null) {
        throw new AppError(
          'FORBIDDEN',
          'This node takes its name, endpoint and key from its own settings: NODE_NAME, NODE_API_ENDPOINT, NODE_API_KEY',
        )
      }
      // Only what this call names: another update of the node may be under way.
      const { name, apiEndpoint, apiKey, labels } = changes
      refuseTaken({ id, name: name ?? '' }, id)
      const updatedAt = clock.now()
      const former = node.name
      const formerKey = keys.current(id)
      node.name = name ?? node.name
      try {
        const columns = {
          ...(name && { name }),
          ...(apiEndpoint && { apiEndpoint }),
          ...(labels && { labels }),
          updatedAt,
        }
        if (apiKey) await keys.replace(id, apiKey, { ...columns, keyChangedAt: updatedAt })
        else await em.fork().nativeUpdate(NodeEntity, { id }, columns)
      } catch (error) {
        if (name && node.name === name) node.name = former
        throw error
      }
      // It may have been removed while this was written.
      if (nodes.get(id) !== node) throw notFound('node', id)
      const addressChanged = (apiEndpoint ?? node.apiEndpoint) !== node.apiEndpoint || (apiKey ?? formerKey) !== formerKey
      Object.assign(node, { apiEndpoint: apiEndpoint ?? node.apiEndpoint, labels: labels ?? node.labels, updatedAt })
      if (apiKey) node.keyChangedAt = updatedAt
      if (addressChanged) apply(node, { kind: 'registered' })
      else deps.onChange({ ...node }, node.health)
      return { node: { ...node }, addressChanged }
    },

    /** This node has another name by now. */
    async renameSelf(): Promise<void> {
      const node = nodeOf(self.id)
      if (node.name === self.name) return
      node.name = self.name
      deps.onChange({ ...node }, node.health)
      await em.fork().nativeUpdate(NodeEntity, { id: node.id }, { name: node.name })
    },

    /** @throws NOT_FOUND, and FORBIDDEN for this node itself */
    async remove(id: string): Promise<void> {
      const node = nodeOf(id)
      if (id === self.id) throw new AppError('FORBIDDEN', 'This node cannot be removed from its own cluster')
      await em.fork().nativeDelete(NodeEntity, { id })
      // While it is still known: who may hear of it goes by what it was.
      deps.onRemoved(id)
      nodes.delete(id)
      keys.forget(id)
      dirty.delete(id)
      log.info({ node: node.name, id }, 'node removed')
    },
  }
}

const identityOf = (node: Omit<ClusterNode, 'health'>) => {
  const { id, name, apiEndpoint, isPrimary, labels, about, cordon, maintenance, keyChangedAt, createdAt, updatedAt } = node
  return {
    id,
    name,
    apiEndpoint,
    isPrimary,
    labels,
    // JSON knows no dates.
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

/** Everything of a health but `registeredAt`, which matters only to checks that were under way. */
const healthColumns = ({ registeredAt: _, ...columns }: NodeHealth) => columns
