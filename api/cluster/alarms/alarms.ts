import type { Clock } from '../../clock.ts'
import type { EntityManager } from '../../db/orm.ts'
import type { EventHub } from '../../events.ts'
import type { Log } from '../../log.ts'
import type { ViewEvents } from '../../view-events.ts'
import type { Feed } from '../feed/feed.ts'
import type { InventoryApp } from '../feed/inventory.ts'
import type { Health } from '../health/health.ts'
import type { NodeRegistry } from '../members/node-registry.ts'
import type { NodeEventHub } from '../node-events.ts'
import { createAppWatch, type AppWatch } from './app-watch.ts'
import type { Alarm } from './alarm.ts'
import { createNodeWatch, type NodeWatch } from './node-watch.ts'
import { createOpenAlarms, type AlarmChange, type OpenAlarms } from './open-alarms.ts'

export type AllAlarms = ReturnType<typeof createAllAlarms>

interface Dependencies {
  em: EntityManager
  selfId: string
  registry: Pick<NodeRegistry, 'find' | 'list'>
  inventory: Pick<Feed['inventory'], 'app' | 'apps' | 'operationsOf' | 'statsOf'>
  /** Nodes that are lost. */
  lost: Health['alarms']
  nodeEvents: NodeEventHub
  events: EventHub<ViewEvents>
  /** Saves what follows from changes, in their transaction, and starts it when that is done. */
  onSave: (within: EntityManager, changes: AlarmChange[]) => Promise<void>
  onSaved: () => void
  clock: Clock
  log: Log
}

/**
 * What is known of a node's apps is believed only from its first full report on, until it is away again. While it is away or in
 * maintenance, its alarms are not wanted.
 */
function createHearing({
  registry,
  nodeEvents,
  onWanted,
}: Pick<Dependencies, 'registry' | 'nodeEvents'> & { onWanted: (nodeId: string) => void }) {
  const heard = new Set<string>()
  const wanted = new Map<string, boolean>()
  const isWanted = (nodeId: string): boolean => {
    const node = registry.find(nodeId)
    return node?.health.status === 'online' && node.maintenance === null
  }
  nodeEvents.on('changed', 'app alarms', ({ node: { id, health } }) => {
    if (health.status !== 'online') heard.delete(id)
    const was = wanted.get(id)
    wanted.set(id, isWanted(id))
    if (was !== undefined && was !== wanted.get(id)) onWanted(id)
  })
  return {
    isWanted,
    isHeard: (nodeId: string): boolean => heard.has(nodeId) && isWanted(nodeId),
    hear: (nodeId: string): void => void heard.add(nodeId),
    forget(nodeId: string): void {
      heard.delete(nodeId)
      wanted.delete(nodeId)
    },
  }
}

/**
 * Every alarm: of lost nodes, which `health/` raises, and those that follow from what nodes say of themselves. A node that is away
 * or in maintenance has none but its own: the others wait, unseen, until it is back.
 */
export function createAllAlarms(deps: Dependencies) {
  const { registry, inventory, lost, events, log } = deps
  const onChange = (): void => events.emit('alarms', undefined)
  const alarms = createOpenAlarms({ ...deps, onChange })
  const appsOf = (nodeId: string) => inventory.apps().filter((app) => app.nodeId === nodeId)
  const hearing = createHearing({
    ...deps,
    onWanted(nodeId) {
      appsOf(nodeId).forEach(apps.look)
      onChange()
    },
  })
  const nameOf = (nodeId: string): string | null => registry.find(nodeId)?.name ?? null
  const ofWatches = { selfId: deps.selfId, nameOf, alarms, clock: deps.clock }
  const apps = createAppWatch({ ...ofWatches, findApp: inventory.app, operationsOf: inventory.operationsOf, isHeard: hearing.isHeard })
  const nodes = createNodeWatch({ ...ofWatches, isWanted: hearing.isWanted })
  const followLost = createLostFollower({ lost, alarms, nameOf })
  const isShown = ({ kind, nodeId }: Alarm): boolean => !isOfLost(kind) && nodeId !== null && hearing.isWanted(nodeId)
  listen(deps, { alarms, apps, nodes, hearing, appsOf })
  events.on('alarms', followLost.follow)

  return {
    /** Restores the alarms from before the start. Call before the nodes report. */
    async start(): Promise<void> {
      await alarms.start()
      alarms.endWhere(({ nodeId }) => nodeId !== null && nameOf(nodeId) === null, 'The node was removed')
      const count = alarms.list().filter(isShown).length
      if (count > 0) log.info({ count }, 'alarms of apps and nodes restored from before the start')
    },

    /** Call when the alarms of lost nodes have been restored. */
    followLost: followLost.start,

    /** What changes only because time passes. Called every few seconds. */
    async tick(): Promise<void> {
      apps.tick()
      await alarms.flush()
    },

    flush: alarms.flush,
    hasOpen: (id: string): boolean => alarms.list().some((alarm) => alarm.id === id),

    /**
     * Cluster-wide alarms first, then lost nodes, then the others; in each the oldest first.
     * @param counts false for callers who may not see every node, and so may not learn how many there are
     */
    list: (options: { counts?: boolean } = {}): Alarm[] => [...lost.list(options), ...alarms.list().filter(isShown)],
  }
}

const isOfLost = (kind: Alarm['kind']): boolean => kind === 'node-down' || kind === 'network-suspected'

/** Keeps the alarms of lost nodes among the open ones, so that they are saved and go out as all others. */
function createLostFollower(deps: { lost: Health['alarms']; alarms: OpenAlarms; nameOf: (nodeId: string) => string | null }) {
  const { lost, alarms, nameOf } = deps
  let isStarted = false
  const topicOf = ({ kind, nodeId, appId }: Alarm) => ({ kind, nodeId, appId, part: '' })

  function follow(): void {
    if (!isStarted) return
    const now = lost.list()
    // A change of the alarms tells the viewers, and so comes here again.
    isStarted = false
    for (const alarm of now) {
      const nodeName = alarm.nodeId === null ? null : nameOf(alarm.nodeId)
      alarms.settle(topicOf(alarm), { is: 'bad', since: alarm.since, message: alarm.message }, { nodeName, appName: null }, '')
    }
    const network = now.some(({ kind }) => kind === 'network-suspected')
    const isOver = (alarm: Alarm): boolean =>
      isOfLost(alarm.kind) && !now.some(({ kind, nodeId }) => kind === alarm.kind && nodeId === alarm.nodeId)
    alarms.endWhere((alarm) => isOver(alarm) && alarm.nodeId === null, 'Most nodes answer again')
    const why = network ? 'One alarm for the network replaces it' : 'It answers again, or is in maintenance'
    alarms.endWhere((alarm) => isOver(alarm) && alarm.nodeId !== null && nameOf(alarm.nodeId) === null, 'The node was removed')
    // In maintenance, or replaced by the network's, a lost node may still be away. Words say which.
    alarms.endWhere(isOver, why)
    isStarted = true
  }

  return {
    follow,
    start(): void {
      isStarted = true
      follow()
    },
  }
}

function listen(
  { nodeEvents, events, inventory }: Dependencies,
  rooms: {
    alarms: OpenAlarms
    apps: AppWatch
    nodes: NodeWatch
    hearing: ReturnType<typeof createHearing>
    appsOf: (nodeId: string) => InventoryApp[]
  },
): void {
  const { alarms, apps, nodes, hearing } = rooms
  events.on('app', apps.look)
  events.on('appRemoved', ({ id }) => apps.forget(id))
  nodeEvents.on('operationChanged', 'app alarms', ({ appId }) => {
    if (appId !== null) apps.lookAt(appId)
  })
  nodeEvents.on('snapshotApplied', 'app alarms', (nodeId) => {
    hearing.hear(nodeId)
    const own = rooms.appsOf(nodeId)
    const ids = new Set(own.map(({ id }) => id))
    alarms.endWhere((alarm) => alarm.nodeId === nodeId && alarm.appId !== null && !ids.has(alarm.appId), 'The app was removed')
    own.forEach(apps.look)
  })
  nodeEvents.on('statsChanged', 'node alarms', (nodeId) => {
    const { stats } = inventory.statsOf(nodeId)
    if (stats) nodes.sampled(stats)
  })
  nodeEvents.on('removed', 'all alarms', (nodeId) => {
    nodes.forget(nodeId)
    hearing.forget(nodeId)
    alarms.endWhere((alarm) => alarm.nodeId === nodeId, 'The node was removed')
  })
}
