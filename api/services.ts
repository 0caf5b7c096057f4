import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { createAppFiles } from './apps/app-files.ts'
import { createAppService } from './apps/app-service.ts'
import { createContainerWatch } from './apps/container-watch.ts'
import { createOperations } from './apps/operations.ts'
import type { Operation } from './apps/operation.ts'
import { createAccessServices } from './auth/access-services.ts'
import { createLimits } from './auth/limits.ts'
import { createNodeAuthenticator } from './auth/node-credentials.ts'
import { createSecretBox } from './auth/secret-box.ts'
import { finishRotation, loadFormerKeys } from './auth/key-rotation.ts'
import { loadSecretKey, sessionSecretOf } from './auth/secret-key.ts'
import type { Clock } from './clock.ts'
import { createEventStreams } from './cluster/event-streams.ts'
import { createJoining } from './cluster/joining.ts'
import { addressAsSeenFromHere } from './cluster/node-address.ts'
import { createInventory, type InventoryApp } from './cluster/inventory.ts'
import type { FeedEvent } from './cluster/feed.ts'
import { createLocalFeed, type FeedEvents } from './cluster/local-feed.ts'
import { createLinkDialback } from './cluster/link-dialback.ts'
import type { LinkWire } from './cluster/link-wire.ts'
import { createLinks } from './cluster/links.ts'
import { createAcceptGate } from './cluster/accept-gate.ts'
import { createProbe } from './cluster/probe.ts'
import { conditionsOf } from './nodes/conditions.ts'
import { createCloneWatch } from './nodes/clones.ts'
import { createMisconduct } from './nodes/misconduct.ts'
import { createLostSessions } from './cluster/lost-sessions.ts'
import { createMembership } from './cluster/membership.ts'
import { createNodeClient } from './cluster/node-client.ts'
import { createNodeRouter } from './cluster/node-router.ts'
import type { Config } from './config.ts'
import type { Database } from './db/orm.ts'
import { createComposeCli } from './docker/compose-cli.ts'
import { createEngine } from './docker/engine.ts'
import { createEventHub } from './events.ts'
import type { Log } from './log.ts'
import { createLocalMonitor } from './monitoring/local-monitor.ts'
import { defaultHealthPolicy } from './nodes/health-policy.ts'
import { createAlarms } from './nodes/alarms.ts'
import { createHealthChecks } from './nodes/health-checks.ts'
import { createHolds } from './nodes/holds.ts'
import type { NodeIdentity } from './nodes/identity.ts'
import { capabilities, type NodeAbout } from './nodes/about.ts'
import { createJoinAttempts, type JoinAttempt } from './nodes/join-attempts.ts'
import { createJoinTokens } from './nodes/join-tokens.ts'
import { nameFor } from './nodes/node-names.ts'
import { createPrimaryContact } from './nodes/primary-contact.ts'
import { createNodeRegistry, type ClusterNode } from './nodes/node-registry.ts'
import { createStatusHistory } from './nodes/status-history.ts'
import { keyGraceMs } from './nodes/node-keys.ts'
import { createOwnKey } from './nodes/own-key.ts'
import { createOwnName } from './nodes/own-name.ts'
import { createPrimaryAddress } from './nodes/primary-address.ts'
import { createHomeCall, refuseStrangers } from './cluster/home-call.ts'
import { createKeyChanges } from './cluster/key-changes.ts'
import { createPrimaryMove } from './cluster/primary-move.ts'
import { nextNodeKeys, nodeKeys } from './nodes/node.entity.ts'
import { settingValues } from './settings/setting.entity.ts'
import { createSettingsService } from './settings/settings-service.ts'

/** What viewers are told as it happens. */
export interface ViewEvents {
  node: ClusterNode
  /** Its id; it is still known while this is told. */
  nodeRemoved: string
  app: InventoryApp
  appRemoved: { id: string; nodeId: string }
  operation: Operation
  /** The id of the node whose stats, or whose state, changed. */
  stats: string
  settings: undefined
  /** On a secondary: its primary is elsewhere now. */
  primaryMoved: undefined
  /** What this node says of itself, such as whether its primary answers. */
  server: undefined
  /** The id of a session or token that is over. */
  credentialEnded: string
  joinAttempt: JoinAttempt
  /** Which alarms are open, or what they say, changed. */
  alarms: undefined
}

/** What other nodes did at this node's door; a role decides what follows from it. */
export interface NodeCallEvents {
  /** The id of a caller that proved its key. */
  authenticated: string
  /** Its reader has opened this node's event stream. */
  streamOpened: string
  /** Its reader has left this node's event stream, or was cut off. */
  streamClosed: string
  /** The primary says that its settings have changed. */
  settingsChanged: undefined
  /** The primary has opened a link to this node. */
  linkOpened: LinkWire
  /** This node has opened a link to its primary. */
  primaryReached: undefined
  /** The primary has made another key for this node. */
  keyTaken: undefined
  /** There is reason not to wait for the next turn: this machine slept, its addresses changed, or it has just joined. */
  callHome: undefined
}

/**
 * How many nodes may open a link: 50 in any second, of which 10 need not wait for their turn. Trades a thousand nodes back in
 * half a minute against a primary that can do nothing else meanwhile.
 */
const linkRate = { perSecond: 40, burst: 10, mostHeldMs: 3000 }

export type Services = ReturnType<typeof createServices>

/** Every service of this process, each built once. What it does not build it is given: the outside world. */
export function createServices(world: {
  version: string
  config: Config
  identity: NodeIdentity
  apiEndpoint: string
  database: Database
  clock: Clock
  random: () => number
  log: Log
}) {
  const { config, clock, random, log } = world
  const em = world.database.em
  const isPrimary = config.role === 'primary'
  const ownKey = createOwnKey({
    identity: world.identity,
    dataDir: config.dataDir,
    onTaken: () => nodeCalls.emit('keyTaken', undefined),
    clock,
    log,
  })
  const { name: configured, nameIsSet: isSet } = config.node
  const ownName = isPrimary ? null : createOwnName({ configured, isSet, dataDir: config.dataDir })
  const self = {
    id: world.identity.id,
    apiEndpoint: world.apiEndpoint,
    isPrimary,
    /** The primary may make another one of it when this node joins. */
    get name(): string {
      return ownName?.current() ?? configured
    },
    /** It may become another one while the program runs. */
    get apiKey(): string {
      return ownKey.current()
    },
  }
  const about: NodeAbout = {
    version: world.version,
    capabilities: [...capabilities],
    connection: config.role === 'secondary' ? config.connection : 'direct',
    instanceId: randomUUID(),
    startedAt: clock.now(),
    hostname: hostname(),
  }
  const { dataDir } = config
  const formerKeys = loadFormerKeys({ dataDir, fromEnvironment: config.secretKeyPrevious })
  const secretKey = loadSecretKey({ dataDir, fromEnvironment: config.secretKey })
  const secrets = createSecretBox(secretKey, ...formerKeys)
  const events = createEventHub<ViewEvents>()
  const nodeCalls = createEventHub<NodeCallEvents>()
  const feedHub = createEventHub<FeedEvents>()
  let acceptedPrimary: { id: string; at: Date } | null = null
  if (!isPrimary) nodeCalls.on('authenticated', (id) => (acceptedPrimary = { id, at: clock.now() }))

  const primaryContact =
    config.role === 'secondary'
      ? createPrimaryContact({ url: () => primaryAddress?.current() ?? '', clock, onChange: () => events.emit('server', undefined) })
      : null

  const access = createAccessServices({
    access: config.access,
    localSecret: isPrimary ? null : sessionSecretOf(secretKey),
    em,
    clock,
    onCredentialEnded: (credentialId) => events.emit('credentialEnded', credentialId),
  })

  const limits = createLimits()

  const settings = createSettingsService({
    em,
    seal: secrets.seal,
    open: secrets.open,
    clock,
    readOnly: !isPrimary,
    onChange: () => events.emit('settings', undefined),
  })

  const history = createStatusHistory({ em, nodes: () => registry.list(), clock, log })

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
      clones.forget(nodeId)
      probe.forget(nodeId)
      keyChanges.forget(nodeId)
      misconduct.forget(nodeId)
      events.emit('nodeRemoved', nodeId)
    },
    onKeyChanged(nodeId) {
      const renewed = registry.keyOf(nodeId)
      const formerLink = () => {
        const link = links.get(nodeId)
        return link && link.apiKey !== registry.keyOf(nodeId) ? link : null
      }
      // The node ends what was opened with the former key when it forgets it: by then the session runs on the new one.
      clock.after(keyGraceMs / 2, () => {
        const link = formerLink()
        if (link?.dialledBy === 'primary') void dialback.renew(nodeId)
        else if (!link && streams.sessionOf(nodeId) && registry.keyOf(nodeId) === renewed) streams.open(nodeId)
      })
      // A node opens another by itself half a minute after it took the key: one that has not may be somebody else.
      clock.after(keyGraceMs, () => formerLink() && links.close(nodeId))
    },
  })

  const inventory = createInventory({
    em,
    findNode: registry.find,
    staleAfterMs: Math.max(20_000, config.stats.intervalMs * 3),
    clock,
    log,
    onMisconduct: (nodeId, what) => misconduct.note(nodeId, what),
    onApp: (app) => events.emit('app', app),
    onAppRemoved: (id, nodeId) => events.emit('appRemoved', { id, nodeId }),
    onOperation: (operation) => events.emit('operation', operation),
    onStats: (nodeId) => events.emit('stats', nodeId),
  })

  /** What a node said of itself; it can speak only for itself. */
  function hear(nodeId: string, event: FeedEvent): void {
    if (event.type !== 'about') return inventory.apply(nodeId, event)
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

  // What this node runs
  const engine = createEngine({ log, clock })
  const monitor = createLocalMonitor({ nodeId: self.id, engine, clock, log, intervalMs: config.stats.intervalMs })
  const containers = createContainerWatch({
    engine,
    clock,
    log,
    onChange() {
      apps.refreshAll()
      const away = containers.away()
      monitor.setContainers(containers.all())
      if (away === null) monitor.dockerUp()
      else monitor.dockerDown(away)
    },
  })
  const operations = createOperations({
    em,
    nodeId: self.id,
    clock,
    log,
    ...config.operations,
    onChange: (operation) => feedHub.emit('event', { type: 'operation', operation }),
  })
  const apps = createAppService({
    em,
    nodeId: self.id,
    clock,
    engine,
    compose: createComposeCli({ log }),
    files: createAppFiles({ appsDir: config.appsDir }),
    watch: containers,
    operations,
    onChange: (app) => feedHub.emit('event', { type: 'app', app }),
    onRemoved: (id) => feedHub.emit('event', { type: 'app-removed', id }),
  })
  monitor.onSample((stats) => feedHub.emit('event', { type: 'stats', stats }))
  const feed = createLocalFeed({ hub: feedHub, about: () => about, apps: apps.list, operations: operations.recent })

  // Other nodes
  function tellNode(nodeId: string): void {
    const node = registry.find(nodeId)
    if (node) events.emit('node', node)
  }
  const clones = createCloneWatch({ clock, onChange: tellNode })
  const addressOf = (nodeId: string) => addressAsSeenFromHere(registry.addressOf(nodeId), clones.calledFrom(nodeId))
  const misconduct = createMisconduct({
    clock,
    onSeen(nodeId, what) {
      log.warn({ node: registry.find(nodeId)?.name ?? nodeId, what }, 'node misbehaves')
      tellNode(nodeId)
    },
  })
  const links = createLinks({
    onCut: misconduct.cut,
    barMs: misconduct.barMs,
    nameOf: (id) => registry.find(id)?.name ?? id,
    onUp(nodeId) {
      if (!registry.find(nodeId)) return links.close(nodeId)
      registry.observe(nodeId, { kind: 'session' })
      // Whatever the session ran over before, it runs over the link now.
      streams.open(nodeId)
    },
    // The session that ran over it says the same, unless there was none yet.
    onDown: (nodeId) => lostSessions.lost(nodeId, true),
    clock,
    log,
  })
  const client = createNodeClient({ selfId: self.id, instance: about, linkOf: links.get })
  const dialback = createLinkDialback({
    links,
    addressOf: (id) => (id !== self.id && registry.find(id) ? addressOf(id) : null),
    headersFor: client.headersFor,
    barMs: misconduct.barMs,
    clock,
    log,
  })
  const probe = createProbe({
    client,
    links,
    addressOf,
    onStats: (nodeId, stats) => inventory.apply(nodeId, { type: 'stats', stats }),
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
    lastTurn: linkGate.lastTurn,
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
    // A node that has only links opens them itself.
    barMs: misconduct.barMs,
    onCut: misconduct.cut,
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
  const membership = createMembership({ registry, checks, streams, links, client, log })
  const holds = createHolds({ registry, isPrimary, clock, log })
  const router = createNodeRouter({
    selfId: self.id,
    apps,
    operations,
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
    nameFor: (pattern, hostname) => nameFor(pattern, hostname, (name) => registry.list().some((node) => node.name === name)),
    register: membership.welcome,
    learn: registry.learn,
    countRefused: (address) => limits.take('join-token', address),
    audited: access.audit.around,
    clock,
    log,
  })

  // A primary knows its nodes by their own keys; a secondary accepts whoever proves its key.
  const authenticateNode = createNodeAuthenticator({
    findKeys: isPrimary ? registry.keysOf : ownKey.all,
    onProved(nodeId, apiKey) {
      if (!isPrimary) return ownKey.used(apiKey)
      // It has the next key, however that became known.
      if (registry.isNextKey(nodeId, apiKey))
        registry.promoteKey(nodeId, apiKey).catch((error: unknown) => log.error({ err: error }, 'the new key of a node could not be saved'))
    },
  })
  const keyChanges = createKeyChanges({
    registry,
    client,
    maxAgeMs: config.role === 'primary' ? config.nodeKeyMaxAgeMs : 0,
    mayAct: () => !alarms.networkSuspected(),
    clock,
    log,
  })
  const callHome = createHomeCall({ client, self, about })
  const primaryAddress =
    config.role === 'secondary'
      ? createPrimaryAddress({
          fromEnvironment: config.primaryUrl,
          dataDir,
          async prove(url) {
            await refuseStrangers(url)
            return (await callHome(url)).primaryId
          },
          // The answer to whoever said so may be on its way over the link that ends by this.
          onChange: () => void clock.after(500, () => events.emit('primaryMoved', undefined)),
          clock,
          log,
        })
      : null

  return {
    version: world.version,
    config,
    self,
    about,
    hear,
    log,
    clock,
    random,
    events,
    nodeCalls,
    /** Whom this secondary last accepted as its primary. */
    acceptedPrimary: () => acceptedPrimary,
    /** Whether the primary answers this secondary; null on a primary. */
    primaryContact,
    /** Where this node's primary is; null on a primary. */
    primaryAddress,
    callHome,
    ownKey,
    /** The primary has taken this node in under this name. */
    async joinedAs(name: string): Promise<void> {
      ownName?.joinedAs(name)
      await registry.renameSelf()
      events.emit('server', undefined)
    },
    keyChanges,
    tellPrimaryMoved: createPrimaryMove({ registry, client }),
    /** Seals everything with the key in use when there is a former one. */
    async finishKeyRotation(): Promise<void> {
      if (formerKeys.length === 0) return
      const count = await finishRotation({ em, box: secrets, columns: [nodeKeys, nextNodeKeys, settingValues], dataDir })
      log.info({ count }, 'secrets sealed with the new key')
    },
    access,
    audit: access.audit,
    limits,
    settings,
    registry,
    history,
    alarms,
    inventory,
    engine,
    monitor,
    containers,
    operations,
    apps,
    feed,
    client,
    checks,
    clones,
    /** What a person should know of a node beside its health. */
    conditionsOf: (node: ClusterNode) =>
      conditionsOf(node, {
        copy: clones.copyOf(node.id),
        linkOnlySince: probe.linkOnlySince(node.id),
        keyOverdue: keyChanges.overdue(node),
        misconduct: misconduct.of(node.id),
        ourVersion: world.version,
      }),
    /** The session with a node while it holds, and what it runs over. */
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
    misconduct,
    holds,
    joinTokens,
    joinAttempts,
    joining,
    router,
    authenticateNode,
  }
}
