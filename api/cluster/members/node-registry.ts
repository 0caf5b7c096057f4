import { isDeepStrictEqual } from 'node:util'
import type { EntityManager } from '../../db/orm.ts'
import type { Clock } from '../../clock.ts'
import { AppError, notFound, StartError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { ConnectionMode, NodeAbout } from './node-about.ts'
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
  /** Key-value pairs that people group nodes by, such as `env=lab`. */
  labels: Record<string, string>
  /** What it last reported about its program. Null until it reports. */
  about: NodeAbout | null
  /** If set, the node takes no new apps. */
  cordon: NodeHold | null
  /** If set, the node raises no alarms. */
  maintenance: NodeHold | null
  /** Null for the primary itself. */
  keyChangedAt: Date | null
  createdAt: Date
  updatedAt: Date
  health: NodeHealth
}

/** How to reach a node. Holds its key: never show or log this. */
export interface NodeAddress {
  id: string
  name: string
  apiEndpoint: string
  apiKey: string
  /** The connection mode the node reported. Until it is known, plain HTTP is used. */
  connection?: ConnectionMode | undefined
}

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

  /** Writes changes in order, one transaction per batch. @throws when the write fails; the next batch retries it */
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
      // The periodic flush retries a failed write and reports it.
      flush().catch(() => undefined)
    }
    deps.onChange({ ...node }, before)
    return { ...node }
  }

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
      // If NODE_ID was changed, this node's row under its former id is obsolete.
      await em.fork().nativeDelete(NodeEntity, { statusSignal: 'self', id: { $ne: self.id } })
      // A secondary knows only itself.
      if (self.isPrimary) await loadOthers()
      if ([...nodes.values()].some((node) => node.name === self.name)) {
        throw new StartError(`NODE_NAME: a registered node is already named ${self.name}. Choose another name for this one`)
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

    /** This node first, the others sorted by name. */
    list: (): ClusterNode[] =>
      [...nodes.values()]
        .map((node) => ({ ...node }))
        .sort((a, b) => Number(b.id === self.id) - Number(a.id === self.id) || a.name.localeCompare(b.name, 'en')),

    find: (id: string): ClusterNode | undefined => {
      const node = nodes.get(id)
      return node && { ...node }
    },

    get: (id: string): ClusterNode => ({ ...nodeOf(id) }),

    /** The key shared with a node. Null for an unknown id. */
    keyOf: (id: string): string | null => keys.current(id),

    /** Every key a node may call with. More than one only during a key change. */
    keysOf: (id: string): string[] => keys.all(id),

    hasNextKey: (id: string): boolean => keys.next(id) !== null,
    isNextKey: (id: string, apiKey: string): boolean => keys.next(id) === apiKey,
    prepareKey: (id: string): Promise<string> => keys.prepare(nodeOf(id).id),
    dropNextKey: (id: string, next: string): Promise<void> => keys.drop(id, next),

    /** Call when the node has its next key. @returns false if `next` is no longer the next key */
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
      await em.fork().nativeUpdate(NodeEntity, { id }, { [kind]: hold })
      // The node may have been removed during the write.
      if (nodes.get(id) !== node) throw notFound('node', id)
      node[kind] = hold
      deps.onChange({ ...node }, node.health)
      return { ...node }
    },

    /** @throws INVALID_INPUT, CONFLICT, or FORBIDDEN on a secondary, which knows only itself */
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
      // Set before the write, so that a concurrent registration of the same id or name is refused.
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
      // The node may have been removed during the write.
      if (nodes.get(id) !== node) throw notFound('node', id)
      const addressChanged = (apiEndpoint ?? node.apiEndpoint) !== node.apiEndpoint || (apiKey ?? formerKey) !== formerKey
      Object.assign(node, { apiEndpoint: apiEndpoint ?? node.apiEndpoint, labels: labels ?? node.labels, updatedAt })
      if (apiKey) node.keyChangedAt = updatedAt
      if (addressChanged) apply(node, { kind: 'registered' })
      else deps.onChange({ ...node }, node.health)
      return { node: { ...node }, addressChanged }
    },

    /** Call when `self.name` may have changed. */
    async renameSelf(): Promise<void> {
      const node = nodeOf(self.id)
      if (node.name === self.name) return
      node.name = self.name
      deps.onChange({ ...node }, node.health)
      await em.fork().nativeUpdate(NodeEntity, { id: node.id }, { name: node.name })
    },

    /** @throws NOT_FOUND, or FORBIDDEN for this node itself */
    async remove(id: string): Promise<void> {
      const node = nodeOf(id)
      if (id === self.id) throw new AppError('FORBIDDEN', 'This node cannot be removed from its own cluster')
      await em.fork().nativeDelete(NodeEntity, { id })
      // Before deleting it: who may hear about the removal depends on the node's properties.
      deps.onRemoved(id)
      nodes.delete(id)
      keys.forget(id)
      dirty.delete(id)
      log.info({ node: node.name, id }, 'node removed')
    },
  }
}

/** Whether the input changes a value that a node takes from its own settings. Sending back the current value is allowed. */
function isOfSettings(node: ClusterNode, { name, apiEndpoint, apiKey }: UpdateNodeInput): boolean {
  return Boolean(apiKey) || (name ?? node.name) !== node.name || (apiEndpoint ?? node.apiEndpoint) !== node.apiEndpoint
}

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
