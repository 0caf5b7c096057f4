import type { OwnApps } from '../../apps/own-apps.ts'
import type { Clock } from '../../clock.ts'
import type { EntityManager } from '../../db/orm.ts'
import type { EngineRoom } from '../../engine/engine.ts'
import { createEventHub, type EventHub } from '../../events.ts'
import type { Log } from '../../log.ts'
import type { LocalMonitor } from '../../monitoring/local-monitor.ts'
import type { ViewEvents } from '../../view-events.ts'
import type { MisbehavingNodes } from '../limits/misbehavior.ts'
import type { NodeAbout } from '../members/node-about.ts'
import type { NodeRegistry } from '../members/node-registry.ts'
import type { NodeEventHub } from '../node-events.ts'
import type { Transport } from '../transport/transport.ts'
import { createEventStreams } from './event-streams.ts'
import type { Feed as OwnFeed } from './feed-event.ts'
import { createFeedPace } from './feed-pace.ts'
import { createInventory } from './inventory.ts'
import { createLocalFeed, type FeedEvents } from './local-feed.ts'

export type Feed = ReturnType<typeof createFeed>

interface Dependencies {
  em: EntityManager
  selfId: string
  about: NodeAbout
  apps: OwnApps
  monitor: LocalMonitor
  engine: Pick<EngineRoom, 'events' | 'list'>
  registry: NodeRegistry
  transport: Transport
  misbehavior: MisbehavingNodes
  /** How often a node measures its stats. */
  statsIntervalMs: number
  nodeEvents: NodeEventHub
  events: EventHub<ViewEvents>
  clock: Clock
  random: () => number
  log: Log
}

/** What nodes say about themselves: what this node reports, the streams from the others, and the inventory made of both. */
export function createFeed(deps: Dependencies) {
  const { selfId, registry, nodeEvents, clock } = deps
  const own = ownFeed(deps)
  const streams = streamsOf(deps)
  const inventory = inventoryOf(deps, (nodeId) => {
    if (nodeId !== selfId) return streams.heardAt(nodeId)
    // This node sees its own apps directly, as long as Docker answers.
    return deps.apps.dockerAway() === null ? clock.now() : null
  })
  let unsubscribe: () => void = () => undefined

  return {
    /** What this node reports. */
    own,
    pace: createFeedPace(clock),
    streams,
    inventory,

    start: inventory.start,
    flush: inventory.flush,
    /** Call after the apps have started. */
    async followSelf(): Promise<void> {
      unsubscribe = await own.subscribe((event) => nodeEvents.emit('reported', { nodeId: selfId, event, scope: 'own', unread: [] }))
    },
    followOthers(): void {
      for (const { id } of registry.list()) if (id !== selfId) streams.open(id)
    },
    stop: (): void => unsubscribe(),
  }
}

function ownFeed({ about, apps, monitor, engine }: Dependencies): OwnFeed {
  const hub = createEventHub<FeedEvents>()
  apps.events.on('app', (app) => hub.emit('event', { type: 'app', app }))
  apps.events.on('appRemoved', (id) => hub.emit('event', { type: 'app-removed', id }))
  apps.events.on('operation', (operation) => hub.emit('event', { type: 'operation', operation }))
  engine.events.on('thing', (changed) => hub.emit('event', { type: 'thing', changed }))
  engine.events.on('thingGone', ({ kind, id }) => hub.emit('event', { type: 'thing-gone', kind, id }))
  monitor.onSample((stats) => hub.emit('event', { type: 'stats', stats }))
  return createLocalFeed({ hub, about: () => about, apps: apps.list, operations: apps.operations.recent, things: engine.list })
}

function streamsOf({ registry, transport, misbehavior, nodeEvents, clock, random, log }: Dependencies) {
  const { client, addressOf, links } = transport
  const streams = createEventStreams({
    client,
    addressOf,
    onReading: (nodeId, reading) => nodeEvents.emit('reported', { nodeId, ...reading }),
    barMs: misbehavior.barMs,
    onCut: misbehavior.cut,
    // A link-only node can be reached only after it has opened its link.
    hasWay: (nodeId) => registry.addressOf(nodeId).connection !== 'link' || links.get(nodeId) !== undefined,
    onLost: (nodeId, _reason, held) => nodeEvents.emit('sessionLost', { nodeId, held }),
    onChange: (nodeId) => nodeEvents.emit('detailsChanged', nodeId),
    clock,
    random,
    log,
  })
  nodeEvents.on('statusChanged', 'streams', ({ id, health }) => {
    if (health.status === 'online') streams.wake(id)
  })
  // Moves the session to the link, whatever it used before.
  nodeEvents.on('linkOpened', 'streams', streams.open)
  return streams
}

function inventoryOf(deps: Dependencies, heardAt: (nodeId: string) => Date | null) {
  const { em, registry, misbehavior, nodeEvents, events, clock, log } = deps
  const inventory = createInventory({
    em,
    findNode: registry.find,
    heardAt,
    staleAfterMs: Math.max(20_000, deps.statsIntervalMs * 3),
    clock,
    log,
    onMisbehavior: misbehavior.note,
    onRoom(nodeId, { id, name }, hasRoom) {
      const key = `room/${id}`
      const what = `app ${name}: not shown, because this node has more or larger apps than the primary keeps per node`
      nodeEvents.emit('reported', { nodeId, event: null, scope: key, unread: hasRoom ? [] : [{ key, what }] })
    },
    onApp: (app) => events.emit('app', app),
    onAppRemoved: (id, nodeId) => events.emit('appRemoved', { id, nodeId }),
    onOperation: (operation) => nodeEvents.emit('operationChanged', operation),
    onStats: (nodeId) => nodeEvents.emit('statsChanged', nodeId),
    onThings: (nodeId, kind) => events.emit('things', { nodeId, kind }),
  })
  // A node can only report about itself.
  nodeEvents.on('reported', 'inventory', ({ nodeId, event }) => {
    if (!event) return
    inventory.apply(nodeId, event)
    if (event.type === 'snapshot') nodeEvents.emit('snapshotApplied', nodeId)
  })
  nodeEvents.on('statusChanged', 'inventory', ({ id }) => inventory.nodeStatusChanged(id))
  nodeEvents.on('removed', 'inventory', inventory.dropNode)
  return inventory
}
