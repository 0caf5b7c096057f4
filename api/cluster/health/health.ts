import type { Clock } from '../../clock.ts'
import type { EntityManager } from '../../db/orm.ts'
import type { EventHub } from '../../events.ts'
import type { Log } from '../../log.ts'
import type { ViewEvents } from '../../view-events.ts'
import type { Feed } from '../feed/feed.ts'
import type { NodeRegistry } from '../members/node-registry.ts'
import type { NodeEventHub } from '../node-events.ts'
import type { Transport } from '../transport/transport.ts'
import { createAlarms } from './alarms.ts'
import { createReportedDetails } from './reported-details.ts'
import { createHeartbeats } from './received-heartbeats.ts'
import { createHealthChecks } from './health-checks.ts'
import { createLostSessions } from './lost-sessions.ts'
import { createProbe } from './probe.ts'
import { createStatusHistory } from './status-history.ts'
import { createUnreadable } from './unreadable.ts'

export type Health = ReturnType<typeof createHealth>

interface Dependencies {
  em: EntityManager
  selfId: string
  registry: NodeRegistry
  transport: Transport
  feed: Pick<Feed, 'inventory' | 'streams'>
  /** How a check is made, in milliseconds, and how many are made at once. Undefined on a secondary, which checks nobody. */
  checks: { deadlineMs: number; parallel: number } | undefined
  /** Differs after every change of the cluster's settings. */
  settingsVersion: () => string
  nodeEvents: NodeEventHub
  events: EventHub<ViewEvents>
  clock: Clock
  log: Log
}

/** Finds out how nodes are doing, and acts on it. */
export function createHealth(deps: Dependencies) {
  const { feed } = deps
  const history = historyOf(deps)
  const alarms = alarmsOf(deps, history.downSince)
  const unread = unreadOf(deps)
  const docker = dockerAwayOf(deps)
  const probe = probeOf(deps)
  const checks = checksOf(deps, probe)
  const lostSessions = lostSessionsOf(deps, checks.suspect)

  return {
    history,
    alarms,
    checks,
    heartbeats: heartbeatsOf(deps),

    /** What people should know about a node besides its status. */
    knownOf: (nodeId: string) => ({
      linkOnlySince: probe.linkOnlySince(nodeId),
      unread: unread.of(nodeId),
      storage: feed.inventory.statsOf(nodeId).stats?.storageProblem ?? null,
      dockerAway: docker.of(nodeId),
      composePolicy: feed.inventory.statsOf(nodeId).stats?.composePolicy ?? null,
    }),

    start: history.start,
    flush: history.flush,
    stop(): void {
      checks.stop()
      alarms.stop()
      lostSessions.stop()
    },
  }
}

function heartbeatsOf({ selfId, registry, feed, settingsVersion, nodeEvents }: Dependencies) {
  return createHeartbeats({
    primaryId: selfId,
    settingsVersion,
    registry,
    streams: feed.streams,
    onReading: (nodeId, reading) => nodeEvents.emit('reported', { nodeId, ...reading }),
  })
}

function historyOf({ em, registry, nodeEvents, clock }: Dependencies) {
  const history = createStatusHistory({ em, nodes: registry.list, clock })
  nodeEvents.on('changed', 'history', ({ node, before }) => history.record(node, before))
  nodeEvents.on('removed', 'history', history.forget)
  return history
}

function alarmsOf({ selfId, registry, nodeEvents, events, clock, log }: Dependencies, downSince: (id: string) => Date | null) {
  const onChange = (): void => events.emit('alarms', undefined)
  const alarms = createAlarms({ selfId, nodes: registry.list, findNode: registry.find, downSince, clock, log, onChange })
  nodeEvents.on('changed', 'alarms', ({ node, before }) => alarms.nodeChanged(node, before))
  nodeEvents.on('removed', 'alarms', alarms.nodeRemoved)
  nodeEvents.on('sessionLost', 'alarms', ({ nodeId, held }) => {
    if (held) alarms.sessionLost(nodeId)
  })
  return alarms
}

function unreadOf({ registry, nodeEvents, clock }: Dependencies) {
  const unread = createUnreadable({ clock, onChange: (nodeId) => nodeEvents.emit('detailsChanged', nodeId) })
  nodeEvents.on('reported', 'unread', ({ nodeId, scope, unread: found }) => {
    if (!registry.find(nodeId)) return
    unread.heard(nodeId, scope, found)
    // A snapshot covers all the node's apps, and each is then reported again if it does not fit.
    if (scope === 'things') unread.heard(nodeId, 'room', [])
  })
  nodeEvents.on('removed', 'unread', unread.forget)
  return unread
}

function dockerAwayOf({ feed, nodeEvents, clock }: Dependencies) {
  const onChange = (nodeId: string): void => nodeEvents.emit('detailsChanged', nodeId)
  const docker = createReportedDetails({ statsOf: feed.inventory.statsOf, onChange, clock })
  nodeEvents.on('statsChanged', 'docker', docker.statsChanged)
  nodeEvents.on('removed', 'docker', docker.forget)
  return docker
}

function probeOf({ transport, checks, nodeEvents, clock }: Dependencies) {
  const { client, links, addressOf, dialback } = transport
  const probe = createProbe({
    client,
    links,
    addressOf,
    onReading: (nodeId, reading) => nodeEvents.emit('reported', { nodeId, ...reading }),
    onDirect: dialback.consider,
    deadlineMs: checks?.deadlineMs ?? 5000,
    clock,
  })
  nodeEvents.on('removed', 'probe', probe.forget)
  return probe
}

function checksOf({ selfId, registry, feed, checks, clock, log }: Dependencies, { probe }: ReturnType<typeof createProbe>) {
  return createHealthChecks({
    registry,
    selfId,
    async probe({ id }, by) {
      const error = await probe(id, { urgent: by === 'session', manual: by === 'manual-check' })
      if (error === null) feed.streams.passedCheck(id)
      return error
    },
    parallel: checks?.parallel ?? 1,
    clock,
    log,
  })
}

function lostSessionsOf({ registry, transport, feed, nodeEvents, clock }: Dependencies, suspect: (id: string) => void) {
  const lostSessions = createLostSessions({
    lastReturnAt: transport.linkGate.lastReturnAt,
    isOnline: (id) => registry.find(id)?.health.status === 'online',
    mayComeByItself: (id) => (registry.addressOf(id).connection ?? 'direct') !== 'direct',
    hasSession: (id) => feed.streams.sessionOf(id) !== null,
    suspect,
    clock,
  })
  nodeEvents.on('sessionLost', 'lost sessions', ({ nodeId, held }) => lostSessions.lost(nodeId, held))
  // If a session used the link, its loss is reported as well. Without one, this is the only report.
  nodeEvents.on('linkLost', 'lost sessions', (nodeId) => lostSessions.lost(nodeId, true))
  return lostSessions
}
