import type { ExecutionContext } from 'ava'
import type { App } from '../../api/apps/app.ts'
import { createAllAlarms } from '../../api/cluster/alarms/alarms.ts'
import type { AlarmChange } from '../../api/cluster/alarms/open-alarms.ts'
import { createInventory } from '../../api/cluster/feed/inventory.ts'
import { createAlarms } from '../../api/cluster/health/alarms.ts'
import { createStatusHistory } from '../../api/cluster/health/status-history.ts'
import { createHolds } from '../../api/cluster/members/holds.ts'
import { createNodeEvents } from '../../api/cluster/node-events.ts'
import type { EntityManager } from '../../api/db/orm.ts'
import { createEventHub } from '../../api/events.ts'
import type { ViewEvents } from '../../api/view-events.ts'
import { recordedLog } from './recorded-log.ts'
import { nodeInput, onlineNode, primaryId, registryOf, type RegistryOptions, type TestRegistry } from './registry.ts'

export type WatchedCluster = Awaited<ReturnType<typeof watchedCluster>>

interface Options {
  onSave?: (within: EntityManager, changes: AlarmChange[]) => Promise<void>
  onSaved?: () => void
  former?: TestRegistry
}

/** A primary's registry, inventory and alarms with a real database, wired as in services.ts. */
export async function watchedCluster(t: ExecutionContext, given: Options = {}) {
  const { log } = recordedLog()
  const nodeEvents = createNodeEvents({ log })
  const events = createEventHub<ViewEvents>()
  const options: RegistryOptions = {
    onChange(node, before) {
      nodeEvents.emit('changed', { node, before })
      if (node.health.status !== before?.status) nodeEvents.emit('statusChanged', node)
    },
    onRemoved: (id) => nodeEvents.emit('removed', id),
  }
  const fixture = await (given.former ? given.former.restart(options) : registryOf(t, options))
  const { registry, database, clock } = fixture
  const { em } = database
  await registry.start()
  const inventory = createInventory({
    ...{ em, clock, log, findNode: registry.find, staleAfterMs: 20_000, heardAt: () => null },
    onMisbehavior: () => undefined,
    onRoom: () => undefined,
    onApp: (app) => events.emit('app', app),
    onAppRemoved: (id, nodeId) => events.emit('appRemoved', { id, nodeId }),
    onOperation: (operation) => nodeEvents.emit('operationChanged', operation),
    onThings: () => undefined,
    onStats: (nodeId) => nodeEvents.emit('statsChanged', nodeId),
  })
  nodeEvents.on('statusChanged', 'inventory', ({ id }) => inventory.nodeStatusChanged(id))
  nodeEvents.on('removed', 'inventory', inventory.dropNode)
  const history = createStatusHistory({ em, nodes: registry.list, clock })
  await history.start()
  nodeEvents.on('changed', 'history', ({ node, before }) => history.record(node, before))
  const lost = createAlarms({
    ...{ selfId: primaryId, nodes: registry.list, findNode: registry.find, downSince: history.downSince, clock, log },
    onChange: () => events.emit('alarms', undefined),
  })
  nodeEvents.on('changed', 'alarms', ({ node, before }) => lost.nodeChanged(node, before))
  nodeEvents.on('removed', 'alarms', lost.nodeRemoved)
  const changes: string[] = []
  const alarms = createAllAlarms({
    ...{ em, selfId: primaryId, registry, inventory, lost, nodeEvents, events, clock, log },
    async onSave(within, saved) {
      for (const { alarm, over } of saved) changes.push(`${alarm.kind}: ${over ?? 'begins'}`)
      await given.onSave?.(within, saved)
    },
    onSaved: () => given.onSaved?.(),
  })
  await inventory.start()
  await alarms.start()
  lost.start()
  alarms.followLost()

  return {
    ...fixture,
    events,
    inventory,
    alarms,
    /** Each saved beginning and end. */
    changes,
    holds: createHolds({ registry, isPrimary: true, clock, log }),
    kinds: () => alarms.list().map(({ kind }) => kind),
    addNode: async (name = 'w1') => (await onlineNode(fixture, nodeInput(name))).id,
    /** The node tells all that it runs. */
    tells(nodeId: string, ...apps: App[]): void {
      inventory.apply(nodeId, { type: 'snapshot', apps, operations: [] })
      nodeEvents.emit('snapshotApplied', nodeId)
    },
    fails(nodeId: string): void {
      for (let i = 0; i < 3; i++)
        registry.observe(nodeId, { kind: 'check-failed', by: 'check', startedAt: clock.now(), reason: 'connection refused' })
      clock.advance(3000)
    },
    async passes(ms: number): Promise<void> {
      clock.advance(ms)
      await alarms.tick()
    },
    /** The program ends and starts again. */
    async again(more: Options = {}) {
      await alarms.flush()
      await inventory.flush()
      await history.flush()
      lost.stop()
      return watchedCluster(t, { ...given, ...more, former: fixture })
    },
  }
}
