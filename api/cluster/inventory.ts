import type { EntityManager } from '../db/orm.ts'
import type { App, AppStatus } from '../apps/app.ts'
import { isFinal, type Operation } from '../apps/operation.ts'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { NodeStats } from '../monitoring/node-stats.ts'
import type { ClusterNode } from '../nodes/node-registry.ts'
import type { Lenient } from '../lenient.ts'
import { readApp, readOperation, toWire } from '../wire.ts'
import type { FeedEvent } from './feed.ts'
import { createShares } from './shares.ts'
import { InventoryAppEntity, InventoryOperationEntity } from './inventory.entity.ts'

/** An app of any node, as far as it is known here. */
export interface InventoryApp extends App {
  /** What it was when its node was last heard; equals `status` while the node is online. */
  lastKnownStatus: AppStatus | null
}

/** What is known of a node's stats: fresh, out of date, or not at all (`stats` null). */
export interface KnownStats {
  nodeId: string
  state: 'ok' | 'stale' | 'error'
  error: string | null
  stats: NodeStats | null
}

const keptOperationsPerNode = 200
/** About what one node may take of this one's memory, in characters: a thousand apps, or a hundred with the largest Compose files. */
const appShare = { mostThings: 1000, mostWeight: 32 * 2 ** 20 }
const operationShare = { mostThings: keptOperationsPerNode + 50, mostWeight: 16 * 2 ** 20 }
const containerWeight = 1000

export type Inventory = ReturnType<typeof createInventory>

/**
 * What every node runs, kept here so that lists never ask a node: a page costs the same whether all nodes answer or none.
 * Fed by the nodes' feeds; a node can speak only of its own apps. Things of a node that is not online are `unknown`.
 */
export function createInventory(deps: {
  em: EntityManager
  findNode: (id: string) => ClusterNode | undefined
  /** When the session with a node last brought anything, were it only a sign of life; null when there was none yet. */
  heardAt: (nodeId: string) => Date | null
  /** Stats that are older than this are stale, in milliseconds. */
  staleAfterMs: number
  clock: Clock
  log: Log
  /** What it said is not for it to say. */
  onMisconduct: (nodeId: string, what: string) => void
  /** Whether an app has found room among what is kept of its node. */
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
  /** When stats came, in ms: what a node says of the time is as true as its clock. */
  const statsCameAt = new Map<string, number>()
  const appShares = createShares(appShare)
  const operationShares = createShares(operationShare)
  const dirtyApps = new Set<string>()
  const dirtyOperations = new Set<string>()

  /** A node tells every change, so what it told last was true until it was last heard. Of what it did not know itself only it can say. */
  function lastTrue({ nodeId, status, asOf }: App, node: ClusterNode | undefined): Date {
    if (status === 'unknown') return asOf
    const heardAt = deps.heardAt(nodeId) ?? node?.health.lastSeen ?? asOf
    return heardAt > asOf ? heardAt : asOf
  }

  function view(app: App & { lastKnownStatus: AppStatus | null }): InventoryApp {
    const node = findNode(app.nodeId)
    const asOf = lastTrue(app, node)
    if (!node || node.health.status === 'online') return { ...app, asOf }
    const statusReason = `${node.name} is ${node.health.status}: ${node.health.statusReason ?? 'it does not answer'}`
    return { ...app, asOf, status: 'unknown', statusReason }
  }

  /** A node that speaks of what another node owns is wrong or lies; it is named for it, and nothing else follows. */
  function isOwn(nodeId: string, thing: { id: string; nodeId: string }, known: { nodeId: string } | undefined): boolean {
    if (thing.nodeId === nodeId && (!known || known.nodeId === nodeId)) return true
    deps.onMisconduct(nodeId, 'spoke of apps or operations of another node; that is ignored. Was its data folder copied?')
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
    // The newest come first in lists: a clock that is ahead would put a node's own above those of all others.
    const operation = { ...told, createdAt: notLater(told.createdAt, operations.get(told.id)?.createdAt ?? clock.now()) }
    operationShares.put(nodeId, operation.id, weightOfOperation(operation))
    if (operationShares.isOver(nodeId)) forgetOldOperations(nodeId)
    operations.set(operation.id, operation)
    dirtyOperations.add(operation.id)
    deps.onOperation(operation)
  }

  function putSnapshot(nodeId: string, snapshot: Extract<FeedEvent, { type: 'snapshot' }>): void {
    const named = new Set([...snapshot.apps.map((app) => app.id), ...(snapshot.otherApps ?? [])])
    for (const app of [...apps.values()]) if (app.nodeId === nodeId && !named.has(app.id)) dropApp(nodeId, app.id)
    for (const app of snapshot.apps) putApp(nodeId, app)
    for (const operation of snapshot.operations.toReversed()) putOperation(nodeId, operation)
    forgetOldOperations(nodeId)
  }

  /** Keeps the newest, as many and as much as there is room for. */
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
    if (value === null) log.warn({ id, problems }, 'a copy in the inventory cannot be read; it is made again when its node is heard')
    return value
  }

  return {
    start: load,

    /** Applies what a node said of itself. What a removed node had still to say is dropped. */
    apply(nodeId: string, event: Exclude<FeedEvent, { type: 'about' }>): void {
      if (!findNode(nodeId)) return
      switch (event.type) {
        case 'snapshot':
          return putSnapshot(nodeId, event)
        case 'app':
          return putApp(nodeId, event.app)
        case 'app-removed':
          return dropApp(nodeId, event.id)
        case 'operation':
          putOperation(nodeId, event.operation)
          if (isFinal(event.operation.status)) forgetOldOperations(nodeId)
          return
        case 'stats':
          if (event.stats.nodeId !== nodeId) return deps.onMisconduct(nodeId, 'sent stats of another node; they are ignored')
          stats.set(nodeId, event.stats)
          statsCameAt.set(nodeId, clock.now().getTime())
          return deps.onStats(nodeId)
      }
    },

    /** What a call was answered with; the feed may have told newer things already, and then it wins. */
    learn(nodeId: string, { app, operation }: { app: App; operation: Operation }): void {
      if (!findNode(nodeId)) return
      // Any other operation is one of an app that was known: if it is not any more, it was removed meanwhile.
      if (operation.kind === 'create' && !apps.has(app.id)) putApp(nodeId, app)
      if (!operations.has(operation.id)) putOperation(nodeId, operation)
    },

    /** A node became online or ceased to be: its apps look different now. */
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

    /** By name, then by node. */
    apps: (): InventoryApp[] =>
      [...apps.values()].map(view).sort((a, b) => a.name.localeCompare(b.name, 'en') || a.nodeId.localeCompare(b.nodeId)),

    app(id: string): InventoryApp | undefined {
      const app = apps.get(id)
      return app && view(app)
    },

    /** The newest first. */
    operations: (): Operation[] => [...operations.values()].sort(newestFirst),

    /** Those on one app, the newest first. */
    operationsOf: (appId: string): Operation[] =>
      [...operations.values()].filter((operation) => operation.appId === appId).sort(newestFirst),

    operation: (id: string): Operation | undefined => operations.get(id),

    statsOf(nodeId: string): KnownStats {
      const node = findNode(nodeId)
      const known = stats.get(nodeId) ?? null
      if (!node) return { nodeId, state: 'error', error: `There is no node with id ${nodeId}`, stats: null }
      const away =
        node.health.status === 'online'
          ? null
          : `${node.name} is ${node.health.status}: ${node.health.statusReason ?? 'it does not answer'}`
      if (!known) return { nodeId, state: 'error', error: away ?? `${node.name} has not sent stats yet`, stats: null }
      const isOld = clock.now().getTime() - Math.min(known.asOf.getTime(), statsCameAt.get(nodeId) ?? 0) > deps.staleAfterMs
      if (away || isOld) return { nodeId, state: 'stale', error: away ?? `${node.name} has sent no newer stats`, stats: known }
      return { nodeId, state: 'ok', error: null, stats: known }
    },

    /** Writes what changed since the last time, in one transaction. */
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
