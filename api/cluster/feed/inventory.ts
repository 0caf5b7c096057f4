import type { EntityManager } from '../../db/orm.ts'
import type { App, AppStatus } from '../../apps/app.ts'
import { isFinal, type Operation } from '../../apps/operation.ts'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { NodeStats } from '../../monitoring/node-stats.ts'
import type { ClusterNode } from '../members/node-registry.ts'
import type { Lenient } from '../../lenient.ts'
import { readApp, readOperation, toWire } from '../../wire.ts'
import type { Things } from './feed-kind.ts'
import { kindOf } from './feed-kinds.ts'
import type { FeedEvent } from './feed.ts'
import { createMemoryShares } from '../limits/memory-share.ts'
import { InventoryAppEntity, InventoryOperationEntity } from './inventory.entity.ts'
import { statusInWords } from '../members/status-words.ts'

/** An app on any node, as far as this primary knows it. */
export interface InventoryApp extends App {
  /** Its status when its node was last heard. Equals `status` while the node is online. */
  lastKnownStatus: AppStatus | null
}

/** A node's stats: fresh, stale, or missing (`stats` is null). */
export interface KnownStats {
  nodeId: string
  state: 'ok' | 'stale' | 'error'
  error: string | null
  stats: NodeStats | null
}

const keptOperationsPerNode = 200
/** Memory limit per node, in characters: enough for a thousand apps, or a hundred with the largest Compose files. */
const appShare = { mostThings: 1000, mostWeight: 32 * 2 ** 20 }
const operationShare = { mostThings: keptOperationsPerNode + 50, mostWeight: 16 * 2 ** 20 }
const containerWeight = 1000

export type Inventory = ReturnType<typeof createInventory>

/**
 * What every node runs, kept on the primary so lists never have to ask a node: a page costs the same whether all nodes
 * answer or none. Filled from the nodes' feeds. A node can report only its own apps. Apps on a node that is not online are
 * `unknown`.
 */
export function createInventory(deps: {
  em: EntityManager
  findNode: (id: string) => ClusterNode | undefined
  /** When anything, even a keepalive, last arrived over a node's session; null if nothing has yet. */
  heardAt: (nodeId: string) => Date | null
  /** Stats older than this are stale, in milliseconds. */
  staleAfterMs: number
  clock: Clock
  log: Log
  /** The node reported something that belongs to another node. */
  onMisbehaviour: (nodeId: string, what: string) => void
  /** Called for each app with whether it fits within the node's limit. */
  onRoom: (nodeId: string, app: { id: string; name: string }, hasRoom: boolean) => void
  onApp: (app: InventoryApp) => void
  onAppRemoved: (id: string, nodeId: string) => void
  onOperation: (operation: Operation) => void
  onStats: (nodeId: string) => void
}) {
  const { em, findNode, clock, log } = deps
  const apps = new Map<string, App & { lastKnownStatus: AppStatus | null }>()
  const operations = new Map<string, Operation>()
  const stats = new Map<string, NodeStats>()
  /** When stats arrived, in ms. A node's own timestamps are only as right as its clock. */
  const statsCameAt = new Map<string, number>()
  const appShares = createMemoryShares(appShare)
  const operationShares = createMemoryShares(operationShare)
  const dirtyApps = new Set<string>()
  const dirtyOperations = new Set<string>()

  /** A node reports every change, so its last report held until it was last heard. If it did not know the status itself, its own time counts. */
  function lastTrue({ nodeId, status, asOf }: App, node: ClusterNode | undefined): Date {
    if (status === 'unknown') return asOf
    const heardAt = deps.heardAt(nodeId) ?? node?.health.lastSeen ?? asOf
    return heardAt > asOf ? heardAt : asOf
  }

  function view(app: App & { lastKnownStatus: AppStatus | null }): InventoryApp {
    const node = findNode(app.nodeId)
    const asOf = lastTrue(app, node)
    if (!node || node.health.status === 'online') return { ...app, asOf }
    const statusReason = statusInWords(node)
    return { ...app, asOf, status: 'unknown', statusReason }
  }

  /** A node that reports another node's things is wrong or lying. That is recorded, and the report is ignored. */
  function isOwn(nodeId: string, thing: { id: string; nodeId: string }, known: { nodeId: string } | undefined): boolean {
    if (thing.nodeId === nodeId && (!known || known.nodeId === nodeId)) return true
    deps.onMisbehaviour(nodeId, 'sent apps or operations that belong to another node. They are ignored. Was its data folder copied?')
    return false
  }

  function putApp(nodeId: string, app: App): void {
    const known = apps.get(app.id)
    if (!isOwn(nodeId, app, known)) return
    const weight = weightOfApp(app)
    const hasRoom = appShares.fits(nodeId, app.id, weight)
    deps.onRoom(nodeId, app, hasRoom)
    if (!hasRoom) return
    appShares.put(nodeId, app.id, weight)
    const lastKnownStatus = app.status === 'unknown' ? (known?.lastKnownStatus ?? null) : app.status
    const entry = { ...app, lastKnownStatus }
    apps.set(app.id, entry)
    dirtyApps.add(app.id)
    deps.onApp(view(entry))
  }

  function dropApp(nodeId: string, id: string): void {
    deps.onRoom(nodeId, { id, name: '' }, true)
    if (apps.get(id)?.nodeId !== nodeId) return
    apps.delete(id)
    appShares.remove(nodeId, id)
    dirtyApps.add(id)
    deps.onAppRemoved(id, nodeId)
  }

  function putOperation(nodeId: string, told: Operation): void {
    if (!isOwn(nodeId, told, operations.get(told.id))) return
    // Lists show the newest first, so a clock that is ahead would put this node's operations above all others.
    const operation = { ...told, createdAt: notLater(told.createdAt, operations.get(told.id)?.createdAt ?? clock.now()) }
    operationShares.put(nodeId, operation.id, weightOfOperation(operation))
    if (operationShares.isOver(nodeId)) forgetOldOperations(nodeId)
    operations.set(operation.id, operation)
    dirtyOperations.add(operation.id)
    deps.onOperation(operation)
  }

  const putSnapshot: Things['putSnapshot'] = (nodeId, snapshot) => {
    const named = new Set([...snapshot.apps.map((app) => app.id), ...(snapshot.otherApps ?? [])])
    for (const app of [...apps.values()]) if (app.nodeId === nodeId && !named.has(app.id)) dropApp(nodeId, app.id)
    for (const app of snapshot.apps) putApp(nodeId, app)
    for (const operation of snapshot.operations.toReversed()) putOperation(nodeId, operation)
    forgetOldOperations(nodeId)
  }

  /** Keeps the newest operations within the limits on number and size. */
  function forgetOldOperations(nodeId: string): void {
    const own = operationShares.idsOf(nodeId).flatMap((id) => operations.get(id) ?? [])
    let weight = 0
    for (const [index, operation] of own.sort(newestFirst).entries()) {
      weight += weightOfOperation(operation)
      if (index < keptOperationsPerNode && weight <= operationShare.mostWeight / 2) continue
      operations.delete(operation.id)
      operationShares.remove(nodeId, operation.id)
      dirtyOperations.add(operation.id)
    }
  }

  function putStats(nodeId: string, sample: NodeStats): void {
    if (sample.nodeId !== nodeId) return deps.onMisbehaviour(nodeId, 'sent stats of another node. They are ignored')
    stats.set(nodeId, sample)
    statsCameAt.set(nodeId, clock.now().getTime())
    deps.onStats(nodeId)
  }

  const things: Things = {
    putSnapshot,
    putApp,
    dropApp,
    putOperation(nodeId, operation) {
      putOperation(nodeId, operation)
      if (isFinal(operation.status)) forgetOldOperations(nodeId)
    },
    putStats,
  }

  async function load(): Promise<void> {
    const fork = em.fork()
    for (const row of await fork.find(InventoryAppEntity, {})) {
      const { lastKnownStatus, ...document } = row.document as { lastKnownStatus?: AppStatus | null }
      const app = readCopy(row.id, readApp(document))
      if (!app) continue
      appShares.put(app.nodeId, app.id, weightOfApp(app))
      apps.set(row.id, { ...app, lastKnownStatus: lastKnownStatus ?? (app.status === 'unknown' ? null : app.status) })
    }
    for (const row of await fork.find(InventoryOperationEntity, {})) {
      const operation = readCopy(row.id, readOperation(row.document))
      if (!operation) continue
      operationShares.put(operation.nodeId, operation.id, weightOfOperation(operation))
      operations.set(row.id, operation)
    }
  }

  function readCopy<T>(id: string, { value, problems }: Lenient<T>): T | null {
    if (value === null) log.warn({ id, problems }, 'cannot read a copy in the inventory; it is replaced when its node reports again')
    return value
  }

  return {
    start: load,

    /** Applies an event that a node sent. Late events from a removed node are dropped. */
    apply(nodeId: string, event: FeedEvent): void {
      if (findNode(nodeId)) kindOf(event).apply?.(nodeId, event, things)
    },

    /** Adds the answer to a call. If the feed has already reported something newer, that wins. */
    learn(nodeId: string, { app, operation }: { app: App; operation: Operation }): void {
      if (!findNode(nodeId)) return
      // Other kinds of operation concern a known app. If the app is no longer known, it has been removed since the call.
      if (operation.kind === 'create' && !apps.has(app.id)) putApp(nodeId, app)
      if (!operations.has(operation.id)) putOperation(nodeId, operation)
    },

    /** A node went online or offline, which changes how its apps look. */
    nodeStatusChanged(nodeId: string): void {
      for (const app of apps.values()) if (app.nodeId === nodeId) deps.onApp(view(app))
      deps.onStats(nodeId)
    },

    dropNode(nodeId: string): void {
      for (const app of [...apps.values()]) if (app.nodeId === nodeId) dropApp(nodeId, app.id)
      for (const operation of [...operations.values()]) if (operation.nodeId === nodeId) operations.delete(operation.id)
      for (const shares of [appShares, operationShares]) shares.forget(nodeId)
      stats.delete(nodeId)
      statsCameAt.delete(nodeId)
    },

    /** Sorted by name, then by node. */
    apps: (): InventoryApp[] =>
      [...apps.values()].map(view).sort((a, b) => a.name.localeCompare(b.name, 'en') || a.nodeId.localeCompare(b.nodeId)),

    app(id: string): InventoryApp | undefined {
      const app = apps.get(id)
      return app && view(app)
    },

    /** Newest first. */
    operations: (): Operation[] => [...operations.values()].sort(newestFirst),

    /** Operations on one app, newest first. */
    operationsOf: (appId: string): Operation[] =>
      [...operations.values()].filter((operation) => operation.appId === appId).sort(newestFirst),

    operation: (id: string): Operation | undefined => operations.get(id),

    statsOf(nodeId: string): KnownStats {
      const node = findNode(nodeId)
      const known = stats.get(nodeId) ?? null
      if (!node) return { nodeId, state: 'error', error: `There is no node with id ${nodeId}`, stats: null }
      const away = node.health.status === 'online' ? null : statusInWords(node)
      if (!known) return { nodeId, state: 'error', error: away ?? `${node.name} has not sent stats yet`, stats: null }
      const isOld = clock.now().getTime() - Math.min(known.asOf.getTime(), statsCameAt.get(nodeId) ?? 0) > deps.staleAfterMs
      if (away || isOld) return { nodeId, state: 'stale', error: away ?? `${node.name} has not sent newer stats`, stats: known }
      return { nodeId, state: 'ok', error: null, stats: known }
    },

    /** Writes everything that changed since the last flush, in one transaction. */
    async flush(): Promise<void> {
      const appIds = [...dirtyApps].filter((id) => dirtyApps.delete(id))
      const operationIds = [...dirtyOperations].filter((id) => dirtyOperations.delete(id))
      if (appIds.length + operationIds.length === 0) return
      const keptApps = appIds.flatMap((id) => apps.get(id) ?? []).filter((app) => findNode(app.nodeId))
      const keptOperations = operationIds.flatMap((id) => operations.get(id) ?? []).filter((operation) => findNode(operation.nodeId))
      try {
        await em.fork().transactional(async (transaction) => {
          await transaction.nativeDelete(InventoryAppEntity, { id: { $in: appIds } })
          await transaction.nativeDelete(InventoryOperationEntity, { id: { $in: operationIds } })
          await transaction.insertMany(
            InventoryAppEntity,
            keptApps.map(({ lastKnownStatus, ...app }) => ({
              id: app.id,
              node: app.nodeId,
              document: { ...toWire(app), lastKnownStatus },
            })),
          )
          await transaction.insertMany(
            InventoryOperationEntity,
            keptOperations.map((operation) => ({
              id: operation.id,
              node: operation.nodeId,
              createdAt: operation.createdAt,
              document: toWire(operation),
            })),
          )
        })
      } catch (error) {
        for (const id of appIds) dirtyApps.add(id)
        for (const id of operationIds) dirtyOperations.add(id)
        throw error
      }
    },
  }
}

const weightOfApp = ({ composeContent, description, statusReason, containers }: App): number =>
  containerWeight * (1 + containers.length) + composeContent.length + (description?.length ?? 0) + (statusReason?.length ?? 0)

const weightOfOperation = ({ output, error }: Operation): number =>
  output.reduce((sum, line) => sum + line.length, containerWeight + (error?.length ?? 0))

const newestFirst = (a: Operation, b: Operation): number => b.createdAt.getTime() - a.createdAt.getTime()

const notLater = (moment: Date, than: Date): Date => (moment > than ? than : moment)
