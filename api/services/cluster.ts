import type { AuditLog } from '../auth/audit-log.ts'
import { placeOf, type Limits } from '../auth/limits.ts'
import { createNodeAuthenticator } from '../auth/node-credentials.ts'
import type { SecretBox } from '../auth/secret-box.ts'
import type { Clock } from '../clock.ts'
import { createAcceptGate } from '../cluster/transport/accept-gate.ts'
import { createEventStreams } from '../cluster/feed/event-streams.ts'
import type { FeedEvent } from '../cluster/feed/feed.ts'
import { createFormerKeys } from '../cluster/keys/former-keys.ts'
import { createInventory } from '../cluster/feed/inventory.ts'
import { createJoining } from '../cluster/joining/admission.ts'
import { createKeyChanges } from '../cluster/keys/key-changes.ts'
import { createLinkDialback } from '../cluster/transport/link-dialback.ts'
import { createLinks } from '../cluster/transport/links.ts'
import { createLostSessions } from '../cluster/health/lost-sessions.ts'
import { createMembership } from '../cluster/membership.ts'
import { addressAsSeenFromHere } from '../cluster/transport/node-address.ts'
import { createNodeClient } from '../cluster/transport/node-client.ts'
import { createNodeRouter } from '../cluster/node-router.ts'
import { createPrimaryMove } from '../cluster/primary-move.ts'
import { createProbe } from '../cluster/health/probe.ts'
import type { Config } from '../config.ts'
import type { EntityManager } from '../db/orm.ts'
import type { EventHub } from '../events.ts'
import type { Log } from '../log.ts'
import type { NodeAbout } from '../cluster/members/node-about.ts'
import { createAlarms } from '../cluster/health/alarms.ts'
import { createCloneWatch } from '../cluster/health/clones.ts'
import { conditionsOf } from '../cluster/health/conditions.ts'
import { createHeartbeats } from '../cluster/health/heartbeats.ts'
import { createHealthChecks } from '../cluster/health/health-checks.ts'
import { defaultHealthPolicy } from '../cluster/members/health-policy.ts'
import { createHolds } from '../cluster/members/holds.ts'
import { createJoinAttempts } from '../cluster/joining/join-attempts.ts'
import { createJoinTokens } from '../cluster/joining/join-tokens.ts'
import { createMisbehavingNodes } from '../cluster/limits/misbehaviour.ts'
import { nameFor } from '../cluster/members/node-names.ts'
import { keyGraceMs } from '../cluster/members/node-keys.ts'
import { createNodeRegistry, type ClusterNode } from '../cluster/members/node-registry.ts'
import { nodeKeys } from '../cluster/members/node.entity.ts'
import type { OwnKey } from '../cluster/keys/own-key.ts'
import { createUnread, type Unread } from '../cluster/health/unread.ts'
import { createStatusHistory } from '../cluster/health/status-history.ts'
import type { SettingsService } from '../settings/settings-service.ts'
import type { ViewEvents } from './events.ts'
import type { OwnApps } from './own-apps.ts'

/**
 * How many nodes may open a link: at most 50 in any second, 10 of them without waiting. A thousand nodes are back within half
 * a minute, and the primary still has time for other work.
 */
const linkRate = { perSecond: 40, burst: 10, mostHeldMs: 3000 }

export type Cluster = ReturnType<typeof createCluster>

/** Everything this node knows about the cluster's nodes and does with them. A secondary's cluster is only itself. */
export function createCluster(deps: {
  version: string
  em: EntityManager
  config: Config
  self: { id: string; name: string; apiEndpoint: string; apiKey: string; isPrimary: boolean }
  about: NodeAbout
  ownKey: OwnKey
  own: OwnApps
  secrets: SecretBox
  settings: SettingsService
  audit: AuditLog
  limits: Limits
  events: EventHub<ViewEvents>
  random: () => number
  clock: Clock
  log: Log
}) {
  const { em, config, self, about, ownKey, own, secrets, settings, audit, limits, events, random, clock, log } = deps
  const history = createStatusHistory({ em, nodes: () => registry.list(), clock })

  const registry = createNodeRegistry({
    em,
    self,
    seal: (apiKey, nodeId) => secrets.seal(apiKey, nodeKeys.contextOf(nodeId)),
    open: (sealed, nodeId) => secrets.open(sealed, nodeKeys.contextOf(nodeId)),
    policy: defaultHealthPolicy,
    random,
    clock,
    log,
    onChange(node, before) {
      history.record(node, before)
      alarms.nodeChanged(node, before)
      events.emit('node', node)
      if (node.health.status === before?.status) return
      inventory.nodeStatusChanged(node.id)
      if (node.health.status !== 'online') return
      streams.wake(node.id)
      keyChanges.finish(node.id)
    },
    onRemoved(nodeId) {
      inventory.dropNode(nodeId)
      history.forget(nodeId)
      alarms.nodeRemoved(nodeId)
      detailsInStats.delete(nodeId)
      dockerAwaySince.delete(nodeId)
      clones.forget(nodeId)
      probe.forget(nodeId)
      keyChanges.forget(nodeId)
      misbehaviour.forget(nodeId)
      unread.forget(nodeId)
      events.emit('nodeRemoved', nodeId)
    },
    onKeyChanged: (nodeId) => formerKeys.replace(nodeId),
  })

  const inventory = createInventory({
    em,
    findNode: registry.find,
    // This node sees its own apps directly, as long as Docker answers.
    heardAt: (id) => (id !== self.id ? streams.heardAt(id) : own.containers.away() === null ? clock.now() : null),
    staleAfterMs: Math.max(20_000, config.stats.intervalMs * 3),
    clock,
    log,
    onMisbehaviour: (nodeId, what) => misbehaviour.note(nodeId, what),
    onRoom(nodeId, { id, name }, hasRoom) {
      const key = `room/${id}`
      const what = `app ${name}: not shown, because this node has more or larger apps than the primary keeps per node`
      hearUnread(nodeId, key, hasRoom ? [] : [{ key, what }])
    },
    onApp: (app) => events.emit('app', app),
    onAppRemoved: (id, nodeId) => events.emit('appRemoved', { id, nodeId }),
    onOperation: (operation) => events.emit('operation', operation),
    onStats(nodeId) {
      events.emit('stats', nodeId)
      tellDetails(nodeId)
    },
  })

  /** What each node last said in its stats that is part of its details, so a change is reported as one. */
  const detailsInStats = new Map<string, string>()
  /** Since when each node has said that Docker does not answer there. */
  const dockerAwaySince = new Map<string, Date>()
  function tellDetails(nodeId: string): void {
    const { stats } = inventory.statsOf(nodeId)
    const docker = stats?.docker
    if (!docker || docker.available) dockerAwaySince.delete(nodeId)
    else if (!dockerAwaySince.has(nodeId)) dockerAwaySince.set(nodeId, clock.now())
    const now = JSON.stringify([docker?.version, docker?.composeVersion, docker?.available, docker?.error, stats?.storageProblem])
    if (detailsInStats.get(nodeId) === now) return
    detailsInStats.set(nodeId, now)
    const node = registry.find(nodeId)
    if (node) events.emit('node', node)
  }

  function dockerAwayAt(nodeId: string): { reason: string; since: Date } | null {
    const { stats } = inventory.statsOf(nodeId)
    if (!stats || stats.docker.available) return null
    return { reason: stats.docker.error ?? '', since: dockerAwaySince.get(nodeId) ?? stats.asOf }
  }

  /** Handles an event from a node. A node can only report about itself. */
  function hear(nodeId: string, event: FeedEvent): void {
    if (event.type !== 'about') {
      inventory.apply(nodeId, event)
      if (event.type === 'snapshot') events.emit('snapshot', nodeId)
      return
    }
    registry.learn(nodeId, event.about)
    dialback.consider(nodeId)
  }

  const alarms = createAlarms({
    selfId: self.id,
    nodes: registry.list,
    findNode: registry.find,
    downSince: history.downSince,
    clock,
    log,
    onChange: () => events.emit('alarms', undefined),
  })

  function tellNode(nodeId: string): void {
    const node = registry.find(nodeId)
    if (node) events.emit('node', node)
  }
  const clones = createCloneWatch({ clock, onChange: tellNode })
  const addressOf = (nodeId: string) => addressAsSeenFromHere(registry.addressOf(nodeId), clones.calledFrom(nodeId))
  const unread = createUnread({ clock, onChange: tellNode })
  const hearUnread = (nodeId: string, scope: string, found: Unread[]): void => {
    if (registry.find(nodeId)) unread.heard(nodeId, scope, found)
  }
  const misbehaviour = createMisbehavingNodes({
    clock,
    onSeen(nodeId, what) {
      log.warn({ node: registry.find(nodeId)?.name ?? nodeId, what }, 'node misbehaves')
      tellNode(nodeId)
    },
  })
  const links = createLinks({
    onCut: misbehaviour.cut,
    barMs: misbehaviour.barMs,
    nameOf: (id) => registry.find(id)?.name ?? id,
    onUp(nodeId) {
      if (!registry.find(nodeId)) return links.close(nodeId)
      registry.observe(nodeId, { kind: 'session' })
      // Move the session to the link, whatever it used before.
      streams.open(nodeId)
    },
    // If a session used the link, its loss is reported as well. Without one, this is the only report.
    onDown: (nodeId) => lostSessions.lost(nodeId, true),
    clock,
    log,
  })
  const client = createNodeClient({ selfId: self.id, instance: about, linkOf: links.get })
  const dialback = createLinkDialback({
    links,
    addressOf: (id) => (id !== self.id && registry.find(id) ? addressOf(id) : null),
    headersFor: client.headersFor,
    barMs: misbehaviour.barMs,
    clock,
    log,
  })
  const probe = createProbe({
    client,
    links,
    addressOf,
    onStats: (nodeId, stats) => inventory.apply(nodeId, { type: 'stats', stats }),
    onUnread: (nodeId, found) => hearUnread(nodeId, 'stats', found),
    onDirect: dialback.consider,
    deadlineMs: config.role === 'primary' ? config.checks.deadlineMs : 5000,
    clock,
  })
  const checks = createHealthChecks({
    registry,
    selfId: self.id,
    async probe({ id }, by) {
      const error = await probe.probe(id, { urgent: by === 'session', manual: by === 'manual-check' })
      if (error === null) streams.passedCheck(id)
      return error
    },
    parallel: config.role === 'primary' ? config.checks.parallel : 1,
    clock,
    log,
  })
  const linkGate = createAcceptGate({ ...linkRate, clock })
  const lostSessions = createLostSessions({
    lastReturnAt: linkGate.lastReturnAt,
    isOnline: (id) => registry.find(id)?.health.status === 'online',
    mayComeByItself: (id) => (registry.addressOf(id).connection ?? 'direct') !== 'direct',
    hasSession: (id) => streams.sessionOf(id) !== null,
    suspect: checks.suspect,
    clock,
  })
  const streams = createEventStreams({
    client,
    addressOf,
    onEvent: hear,
    onRead(nodeId, { scope, unread }) {
      hearUnread(nodeId, scope, unread)
      // A snapshot covers all the node's apps, and each is then reported again if it does not fit.
      if (scope === 'things') hearUnread(nodeId, 'room', [])
    },
    barMs: misbehaviour.barMs,
    onCut: misbehaviour.cut,
    // A link-only node can be reached only after it has opened its link.
    hasWay: (nodeId) => registry.addressOf(nodeId).connection !== 'link' || links.get(nodeId) !== undefined,
    onLost(nodeId, _reason, held) {
      if (held) alarms.sessionLost(nodeId)
      lostSessions.lost(nodeId, held)
    },
    onChange: tellNode,
    clock,
    random,
    log,
  })
  const formerKeys = createFormerKeys({ registry, links, dialback, streams, graceMs: keyGraceMs, clock })
  const membership = createMembership({ registry, checks, streams, links, client, log })
  const holds = createHolds({ registry, isPrimary: self.isPrimary, clock, log })
  const router = createNodeRouter({
    selfId: self.id,
    own: own.actions,
    refuseName: own.apps.refuseName,
    inventory,
    getNode: registry.get,
    addressOf,
    client,
    admitNewApp: holds.admitNewApp,
  })
  const joinAttempts = createJoinAttempts({ clock, onAttempt: (attempt) => events.emit('joinAttempt', attempt) })
  const joinTokens = createJoinTokens({ em, clock, self, primaryUrl: () => settings.read().primaryUrl, onRevoked: joinAttempts.forget })
  const joining = createJoining({
    self,
    tokens: joinTokens,
    attempts: joinAttempts,
    findNode: registry.find,
    nameFor: (pattern, hostname) => nameFor(pattern, hostname, new Set(registry.list().map(({ name }) => name))),
    register: membership.welcome,
    learn: registry.learn,
    countRefused: (address) => limits.take('join-token', placeOf(address)),
    audited: audit.around,
    clock,
    log,
  })

  // A primary checks each node's own key. A secondary accepts any caller that has its key.
  const authenticateNode = createNodeAuthenticator({
    findKeys: self.isPrimary ? registry.keysOf : ownKey.all,
    onProved(nodeId, apiKey) {
      if (!self.isPrimary) return ownKey.used(apiKey)
      // A call with the next key proves that the node has it.
      if (registry.isNextKey(nodeId, apiKey))
        registry.promoteKey(nodeId, apiKey).catch((error: unknown) => log.error({ err: error }, "could not save a node's new key"))
    },
  })
  const keyChanges = createKeyChanges({
    registry,
    client,
    addressOf,
    maxAgeMs: config.role === 'primary' ? config.nodeKeyMaxAgeMs : 0,
    mayAct: () => !alarms.networkSuspected(),
    clock,
    log,
  })

  const heartbeats = createHeartbeats({
    primaryId: self.id,
    settingsVersion: settings.version,
    registry,
    streams,
    hear,
    hearUnread,
  })

  return {
    hear,
    heartbeats,
    /** Reports parts of a node's messages that could not be read. */
    hearUnread,
    registry,
    /** The URL and key for calling a node from here. */
    addressOf,
    history,
    alarms,
    inventory,
    client,
    checks,
    clones,
    keyChanges,
    tellPrimaryMoved: createPrimaryMove({ registry, client, addressOf }),
    /** What people should know about a node besides its health. */
    conditionsOf: (node: ClusterNode) =>
      conditionsOf(node, {
        copy: clones.copyOf(node.id),
        linkOnlySince: probe.linkOnlySince(node.id),
        keyOverdue: keyChanges.overdue(node),
        misbehaviour: misbehaviour.of(node.id),
        unread: unread.of(node.id),
        storage: inventory.statsOf(node.id).stats?.storageProblem ?? null,
        dockerAway: dockerAwayAt(node.id),
        ourVersion: deps.version,
      }),
    /** The current session with a node and its transport. */
    sessionOf(nodeId: string) {
      const session = streams.sessionOf(nodeId)
      return session && { ...session, transport: links.get(nodeId) ? ('link' as const) : ('direct' as const) }
    },
    dialback,
    links,
    lostSessions,
    linkGate,
    probe,
    streams,
    membership,
    misbehaviour,
    holds,
    joinTokens,
    joinAttempts,
    joining,
    router,
    authenticateNode,
  }
}
