import type { App } from '../../apps/app.ts'
import { isFinal, type Operation, type OperationKind } from '../../apps/operation.ts'
import type { Clock } from '../../clock.ts'
import type { EntityManager } from '../../db/orm.ts'
import { thingKinds, type ThingKind } from '../../engine/thing.ts'
import type { Log } from '../../log.ts'
import type { NodeStats } from '../../monitoring/node-stats.ts'
import type { ClusterNode } from '../members/cluster-node.ts'
import type { Things } from './feed-kind.ts'
import { kindOf } from './feed-kinds.ts'
import type { FeedEvent } from './feed-event.ts'
import { loadInventory, saveInventory } from './inventory-records.ts'
import { createKnownApps, type InventoryApp } from './known-apps.ts'
import { createKnownOperations } from './known-operations.ts'
import { createKnownStats, type KnownStats } from './known-stats.ts'
import { createKnownThings, type Known } from './known-things.ts'
import { flushThings, loadThings } from './thing-records.ts'

export type { InventoryApp } from './known-apps.ts'
export type { KnownStats } from './known-stats.ts'

/** Its app may not be known yet. */
const makesApp = (kind: OperationKind): boolean => kind === 'create' || kind === 'import' || kind === 'recreate'

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
  onMisbehavior: (nodeId: string, what: string) => void
  /** Called for each app with whether it fits within the node's limit. */
  onRoom: (nodeId: string, app: { id: string; name: string }, hasRoom: boolean) => void
  onApp: (app: InventoryApp) => void
  onAppRemoved: (id: string, nodeId: string) => void
  onOperation: (operation: Operation) => void
  onStats: (nodeId: string) => void
  onThings: (nodeId: string, kind: ThingKind) => void
}) {
  const { em, findNode } = deps
  const apps = createKnownApps(deps)
  const operations = createKnownOperations(deps)
  const stats = createKnownStats(deps)
  const engines = createKnownThings(deps)

  const isOfNode = ({ nodeId }: { nodeId: string }): boolean => findNode(nodeId) !== undefined

  /** A node that reports another node's things is wrong or lying. That is recorded, and the report is ignored. */
  function isOwn(nodeId: string, thing: { id: string; nodeId: string }, known: { nodeId: string } | undefined): boolean {
    if (thing.nodeId === nodeId && (!known || known.nodeId === nodeId)) return true
    deps.onMisbehavior(nodeId, 'sent apps or operations that belong to another node. They are ignored. Was its data folder copied?')
    return false
  }

  function putApp(nodeId: string, app: App): void {
    if (isOwn(nodeId, app, apps.reported(app.id))) apps.put(nodeId, app)
  }

  function putOperation(nodeId: string, told: Operation): void {
    if (isOwn(nodeId, told, operations.get(told.id))) deps.onOperation(operations.put(nodeId, told))
  }

  const putSnapshot: Things['putSnapshot'] = (nodeId, snapshot) => {
    const named = new Set([...snapshot.apps.map((app) => app.id), ...(snapshot.otherApps ?? [])])
    for (const id of apps.idsOf(nodeId)) if (!named.has(id)) apps.drop(nodeId, id)
    for (const app of snapshot.apps) putApp(nodeId, app)
    for (const operation of snapshot.operations.toReversed()) putOperation(nodeId, operation)
    operations.forgetOld(nodeId)
  }

  function putStats(nodeId: string, sample: NodeStats): void {
    if (sample.nodeId !== nodeId) return deps.onMisbehavior(nodeId, 'sent stats of another node. They are ignored')
    stats.put(sample)
    deps.onStats(nodeId)
  }

  const things: Things = {
    putSnapshot,
    putApp,
    dropApp: apps.drop,
    putOperation(nodeId, operation) {
      putOperation(nodeId, operation)
      if (isFinal(operation.status)) operations.forgetOld(nodeId)
    },
    putStats,
    putThings: engines.putAll,
    putThing: engines.put,
    dropThing: engines.drop,
  }

  return {
    async start(): Promise<void> {
      const known = await loadInventory(em, deps.log)
      known.apps.forEach(apps.restore)
      known.operations.forEach(operations.restore)
      for (const thing of await loadThings(em)) engines.restore(thing)
    },

    /** Applies an event that a node sent. Late events from a removed node are dropped. */
    apply(nodeId: string, event: FeedEvent): void {
      if (findNode(nodeId)) kindOf(event).apply?.(nodeId, event, things)
    },

    /** Adds the answer to a call. If the feed has already reported something newer, that wins. */
    learn(nodeId: string, { app, operation }: { app: App; operation: Operation }): void {
      if (!findNode(nodeId)) return
      // Other kinds of operation concern a known app. If the app is no longer known, it has been removed since the call.
      if (makesApp(operation.kind) && !apps.reported(app.id)) putApp(nodeId, app)
      if (!operations.get(operation.id)) putOperation(nodeId, operation)
    },

    /** An operation that a call has just started. */
    learnOperation(nodeId: string, operation: Operation): void {
      if (findNode(nodeId) && !operations.get(operation.id)) putOperation(nodeId, operation)
    },

    /** A node went online or offline, which changes how its apps look. */
    nodeStatusChanged(nodeId: string): void {
      for (const app of apps.list()) if (app.nodeId === nodeId) deps.onApp(app)
      deps.onStats(nodeId)
      for (const kind of thingKinds) deps.onThings(nodeId, kind)
    },

    dropNode(nodeId: string): void {
      apps.dropNode(nodeId)
      operations.dropNode(nodeId)
      stats.forget(nodeId)
      engines.dropNode(nodeId)
    },

    /** Sorted by name, then by node. */
    apps: (): InventoryApp[] => apps.list(),

    app: (id: string): InventoryApp | undefined => apps.get(id),

    /** Newest first. */
    operations: (): Operation[] => operations.list(),

    /** Operations on one app, newest first. */
    operationsOf: (appId: string): Operation[] => operations.list().filter((operation) => operation.appId === appId),

    operation: (id: string): Operation | undefined => operations.get(id),

    statsOf: (nodeId: string): KnownStats => stats.of(nodeId),

    /** What the Engine of a node holds of a kind. */
    things: engines.list,
    thing: <Kind extends ThingKind>(nodeId: string, kind: Kind, id: string): Known<Kind> | undefined => engines.find(nodeId, kind, id),

    /** Writes everything that changed since the last flush, in one transaction. */
    async flush(): Promise<void> {
      await flushThings(em, engines, isOfNode)
      const appIds = [...apps.dirty].filter((id) => apps.dirty.delete(id))
      const operationIds = [...operations.dirty].filter((id) => operations.dirty.delete(id))
      if (appIds.length + operationIds.length === 0) return
      const keptApps = appIds.flatMap((id) => apps.reported(id) ?? []).filter(isOfNode)
      const keptOperations = operationIds.flatMap((id) => operations.get(id) ?? []).filter(isOfNode)
      try {
        await saveInventory(em, { appIds, apps: keptApps, operationIds, operations: keptOperations })
      } catch (error) {
        for (const id of appIds) apps.dirty.add(id)
        for (const id of operationIds) operations.dirty.add(id)
        throw error
      }
    },
  }
}
