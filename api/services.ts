import { createAccessServices } from './auth/access-services.ts'
import { createAuditedOperations } from './auth/audited-operations.ts'
import { placeOf } from './auth/rate-limits.ts'
import { createNodeAuthenticator } from './auth/node-credentials.ts'
import { secondFactorSecrets } from './auth/second-factors.ts'
import { createSecrets } from './auth/secrets.ts'
import { createLogHub } from './apps/logs/log-hub.ts'
import { createOwnLogs } from './apps/logs/own-logs.ts'
import { createOwnApps, type OwnApps } from './apps/own-apps.ts'
import { heldFor } from './apps/deploy/held-names.ts'
import { appSecrets, versionSecrets } from './apps/versions/sealed-columns.ts'
import { bounds } from './bounds.ts'
import type { Clock } from './clock.ts'
import { createAllAlarms } from './cluster/alarms/alarms.ts'
import { createAppCopies } from './cluster/feed/app-copies.ts'
import { copiedVersions } from './cluster/feed/app-copy-version.entity.ts'
import { appCopies } from './cluster/feed/app-copy.entity.ts'
import { createFeed } from './cluster/feed/feed.ts'
import type { Inventory } from './cluster/feed/inventory.ts'
import { createHealth } from './cluster/health/health.ts'
import type { HomeEvents } from './cluster/home/home-events.ts'
import { createHome } from './cluster/home/home.ts'
import type { NodeIdentity } from './cluster/home/identity.ts'
import { createSelf } from './cluster/home/self.ts'
import { createJoining } from './cluster/joining/joining.ts'
import { createKeys } from './cluster/keys/keys.ts'
import { createNodeLimits } from './cluster/limits/limits.ts'
import { createLogPace } from './cluster/limits/log-pace.ts'
import { createLogTurns, processCpuMs } from './cluster/limits/log-turns.ts'
import { createTerminalPace } from './cluster/limits/terminal-pace.ts'
import { createTokenBucket } from './cluster/limits/token-bucket.ts'
import { createMembers } from './cluster/members/members.ts'
import { nextNodeKeys, nodeKeys } from './cluster/members/node.entity.ts'
import { createMembership } from './cluster/membership.ts'
import { createNodeDetails } from './cluster/node-details.ts'
import { createNodeEvents, type NodeEventHub } from './cluster/node-events.ts'
import { createNodeRouter } from './cluster/node-router.ts'
import { createOpenTerminals } from './cluster/open-terminals.ts'
import { createOwnActions } from './cluster/own-actions.ts'
import { createImageReach } from './cluster/image-reach.ts'
import { createPrimaryMove } from './cluster/primary-move.ts'
import { createTransport } from './cluster/transport/transport.ts'
import { createWatchedNodes } from './cluster/watched-nodes.ts'
import type { Config } from './config.ts'
import type { Database } from './db/orm.ts'
import { createDocker } from './docker/docker.ts'
import type { TerminalContainer } from './docker/engine.types.ts'
import { ownContainerId } from './docker/own-container.ts'
import type { AppsHere } from './engine/apps-here.ts'
import { createEngineRoom, type EngineRoom } from './engine/engine.ts'
import { createEventHub } from './events.ts'
import type { Log } from './log.ts'
import { createNewestWins } from './newest-wins.ts'
import { createNodeTotals, type NodeTotals } from './monitoring/history/node-totals.ts'
import { createMonitoring } from './monitoring/monitoring.ts'
import { createNotifications } from './notifications/notifications.ts'
import { channelTargets } from './notifications/notification.entity.ts'
import { usesOf } from './registries/image-uses.ts'
import { createRegistries } from './registries/registries.ts'
import { registryPasswords } from './registries/registry-credential.entity.ts'
import { settingValues } from './settings/setting.entity.ts'
import { createSettingsService } from './settings/settings-service.ts'
import { accountProblems } from './tunnels/cloudflare/account-check.ts'
import type { Storage } from './storage.ts'
import { createBackups } from './backup/backups.ts'
import { createDoctor } from './doctor/doctor.ts'
import { fine, problem, type Finding } from './doctor/finding.ts'
import type { Neighbour } from './doctor/neighbours.ts'
import type { ClusterNode } from './cluster/members/node-registry.ts'
import { backupSource } from './backup-source.ts'
import { nextTimes } from './apps/schedules/cron-times.ts'
import { createOwnTerminals } from './terminals/own-terminals.ts'
import { tellViewers, type ViewEvents } from './view-events.ts'

export type Services = ReturnType<typeof createServices>

interface World {
  version: string
  config: Config
  identity: NodeIdentity
  apiEndpoint: string
  database: Database
  storage: Storage
  clock: Clock
  random: () => number
  log: Log
}

/** What the Engine's room must know of apps. */
const appsHere = (apps: OwnApps): AppsHere => ({
  appOf: ({ project, workingDir }) => apps.named().find(({ name }) => name === project && apps.isOf(name, { project, workingDir })) ?? null,
  list: apps.named,
  busyWith: (appId) => apps.operations.activeOf(appId)?.kind.replaceAll('_', ' ') ?? null,
  maskOf: apps.maskOf,
  heldFor,
})

/** What the service of a container may do by an allowance. */
const allowedRules =
  (apps: OwnApps) =>
  ({ project, workingDir, service }: TerminalContainer): string[] => {
    const app = apps.list().find(({ name }) => name === project && apps.isOf(name, { project, workingDir }))
    const ofService = (app?.allowances ?? []).filter((each) => each.service === '' || each.service === service)
    return [...new Set(ofService.map(({ rule }) => rule))]
  }

/**
 * Builds every room of this process once, each from those above it. The outside world is passed in. `nodeEvents` tells the rooms
 * what happens to nodes, in a stated order.
 */
export function createServices(world: World) {
  const { version, config, storage, clock, random, log } = world
  const { em } = world.database
  const ofPrimary = config.role === 'primary' ? config : null
  const isPrimary = ofPrimary !== null
  const events = createEventHub<ViewEvents>()
  const homeEvents = createEventHub<HomeEvents>()
  const nodeEvents = createNodeEvents({ log })
  /** What most rooms need. Each one's type says which of these it uses. */
  const base = { em, isPrimary, events, homeEvents, nodeEvents, clock, random, log }

  const { self, about, ownKey, ownName } = createSelf({ ...base, ...world })
  const selfId = self.id
  const { intervalMs: statsIntervalMs } = config.stats
  const sealed = [
    nodeKeys,
    nextNodeKeys,
    settingValues,
    registryPasswords,
    channelTargets,
    secondFactorSecrets,
    appCopies,
    copiedVersions,
    appSecrets,
    versionSecrets,
  ]
  const secrets = createSecrets({ ...base, config, columns: sealed })
  const access = createAccessServices({
    ...base,
    access: config.access,
    auditBounds: config.audit,
    ownSecret: secrets.sessionSecret,
    box: secrets,
    baseUrl: config.access.baseUrl ?? self.apiEndpoint,
  })
  const { audit, limits: rateLimits } = access
  const settings = createSettingsService({
    ...base,
    seal: secrets.seal,
    open: secrets.open,
    readOnly: !isPrimary,
    checkCloudflare: (account) => (config.role === 'primary' ? accountProblems(account, config.cloudflare.apiUrl) : Promise.resolve([])),
    onChange: () => events.emit('settings', undefined),
  })

  const docker = createDocker({ ...base, nodeId: selfId })
  const registries = createRegistries({
    ...base,
    version,
    secrets,
    proxies: config.proxies,
    insecure: async () => (await docker.engine.info()).insecureRegistries,
    onCredentials: () => events.emit('settings', undefined),
  })
  const ofRegistries = { answerOf: registries.answerOf, loginsFor: registries.loginsFor }
  const ofApps = {
    appsDir: config.appsDir,
    limits: config.operations,
    box: secrets,
    policy: config.policy,
    deploying: { ...config.deploys, dataDir: config.dataDir },
  }
  /** Built from the apps, which ask it only when they start. */
  const later: { engine?: EngineRoom } = {}
  const apps = createOwnApps({
    ...{ ...base, nodeId: selfId, docker, ...ofApps, ...ofRegistries },
    taskOfNode: (kind, input) => later.engine?.taskOf(kind, input) ?? null,
  })
  const engine = createEngineRoom({
    ...{ ...base, things: docker.things, operations: apps.operations, ownContainer: ownContainerId },
    apps: appsHere(apps),
    loginsFor: (images) => registries.loginsFor(images, []),
  })
  later.engine = engine
  apps.events.on('app', engine.appsChanged)
  apps.events.on('appRemoved', engine.appsChanged)
  const readRate = createTokenBucket(bounds.logs.read, clock)
  const ownLogs = createOwnLogs({ ...base, logs: docker.logs, details: docker.engine.details, apps, spend: readRate.take })
  const ownTerminals = createOwnTerminals({
    ...{ ...base, engine: docker.terminals, isOn: config.hasTerminals, mark: selfId, ownContainer: ownContainerId },
    allowedRulesOf: allowedRules(apps),
    beyondPolicy: apps.beyondPolicy,
    paceOfNew: createTerminalPace(clock),
  })
  const backups = createBackups({
    ...{ ...base, ...config.backups, source: () => backupSource(config) },
    next: nextTimeOf(config.backups.schedule),
  })
  const composePolicy = config.policy.isOpen ? ('open' as const) : ('enforced' as const)
  const monitoring = {
    nodeId: selfId,
    docker,
    apps,
    deploys: apps.deployMarks,
    storageProblem: storage.problem,
    onStorage: storage.onChange,
    backups: backups.health,
    composePolicy,
    ...config.stats,
  }
  const { monitor, history, timeline } = createMonitoring({ ...base, ...monitoring })
  const stateChanged = (): void => {
    events.emit('server', undefined)
    monitor.changed()
  }
  storage.onChange(stateChanged)
  backups.onChange(stateChanged)

  const members = createMembers({ ...base, self, secrets })
  const { registry, clones, holds } = members
  tellViewers({ ...base, findNode: registry.find })
  const limits = createNodeLimits({ ...base, nameOf: (id) => registry.find(id)?.name ?? id })
  const { misbehavior } = limits
  const transport = createTransport({ ...base, selfId, instance: about, members, misbehavior })
  const { client, links, addressOf } = transport
  const feed = createFeed({ ...base, selfId, about, apps, engine, monitor, registry, transport, misbehavior, statsIntervalMs })
  const { inventory, streams } = feed
  const settingsVersion = (): string => settings.version() + registries.credentials.version()
  const health = createHealth({ ...base, selfId, registry, transport, feed, checks: ofPrimary?.checks, settingsVersion })
  const { checks } = health
  const notifications = createNotifications({
    ...base,
    version,
    secrets,
    proxies: config.proxies,
    baseUrl: () => config.access.baseUrl ?? settings.read().primaryUrl ?? world.apiEndpoint,
    labelsOf: (nodeId) => registry.find(nodeId)?.labels ?? {},
  })
  const { save: onSave, saved: onSaved } = notifications
  const alarms = createAllAlarms({ ...base, selfId, registry, inventory, lost: health.alarms, onSave, onSaved })
  const watched = createWatchedNodes({ ...base, selfId, watchSelf: monitor.watch, findNode: registry.find, addressOf, client })
  const totals = createNodeTotals({ em, clock })
  keepTotals({ ...base, selfId, totals, inventory })
  const mayAct = (): boolean => !health.alarms.networkSuspected()
  const keys = createKeys({ ...base, ownKey, registry, transport, streams, mayAct, maxAgeMs: ofPrimary?.nodeKeyMaxAgeMs ?? 0 })
  const membership = createMembership({ registry, checks, streams, links, client, log })
  const joining = createJoining({
    ...base,
    self,
    registry,
    register: membership.welcome,
    image: config.image,
    primaryUrl: () => settings.read().primaryUrl,
    countRefused: (address) => rateLimits.take('join-token', placeOf(address)),
    audited: audit.around,
  })
  const ownActions = createOwnActions({ apps, engine, operations: apps.operations, history, timeline, clock })
  const home = createHome({ ...base, config, self, about, ownKey, ownName, client, registry })

  const doctor = createDoctor({
    ...{ ...base, ...config, docker: { engine: docker.engine.info, compose: docker.compose.version } },
    primaryUrl: () => home.primaryAddress?.current() ?? null,
    nodes: () =>
      registry
        .list()
        .filter(({ id }) => isPrimary && id !== selfId)
        .map(asNeighbour),
    more: () => Promise.resolve([ownState(storage.problem())]),
  })
  const imageReach = createImageReach({ client, addressOf, registry, self, primaryUrl: () => home.primaryAddress?.current() ?? null })
  registries.connect({ onAnswers: apps.imagesChecked, fetchLogins: imageReach.fetchLogins })
  const imageChecks = registries.checksFor({
    ...base,
    ...imageReach,
    selfId,
    intervalMs: ofPrimary?.imageCheckMs ?? 0,
    uses: () => usesOf(inventory.apps()),
  })

  const details = createNodeDetails({ selfId, ourVersion: version, clones, misbehavior, links, streams, health, keys })
  const primaryMove = createPrimaryMove({ registry, client, addressOf })
  const router = createNodeRouter({
    selfId,
    own: ownActions,
    ownLogs,
    ownTerminals,
    clock,
    refuseName: apps.refuseName,
    inventory,
    getNode: registry.get,
    addressOf,
    client,
    admitNewApp: holds.admitNewApp,
  })
  const isOnline = (id: string): boolean => id === selfId || registry.find(id)?.health.status === 'online'
  const logHub = createLogHub({ open: router.logsOf, isOnline, turn: createLogTurns({ clock, cpuMs: processCpuMs }), clock })
  const logPace = createLogPace(clock)
  const openTerminals = createOpenTerminals({ ...base, terminalsOf: router.terminalsOf, findNode: registry.find })
  const copies = createAppCopies({
    ...base,
    selfId,
    box: secrets,
    findNode: registry.find,
    findApp: inventory.app,
    actionsOf: router.forNode,
    forNewApp: router.forNewApp,
  })
  const auditedOperations = createAuditedOperations({ ...base, audit, operationOf: inventory.operation, findNode: registry.find })
  const authenticateNode = createNodeAuthenticator(keys.credentials)

  const newest = createNewestWins()
  const outside = { newest, version, config, storage, clock, random, log, events, nodeEvents }
  const ofCluster = {
    members,
    limits,
    transport,
    feed,
    health,
    alarms,
    notifications,
    keys,
    membership,
    joining,
    home,
    details,
    primaryMove,
    router,
    copies,
    ownActions,
  }
  return {
    ...outside,
    self,
    about,
    secrets,
    access,
    auditedOperations,
    authenticateNode,
    settings,
    registries,
    imageChecks,
    apps,
    ownLogs,
    logHub,
    logPace,
    ownTerminals,
    openTerminals,
    engine,
    monitor,
    history,
    timeline,
    totals,
    watched,
    backups,
    doctor,
    ...ofCluster,
  }
}

function asNeighbour({ name, apiEndpoint, about, health }: ClusterNode): Neighbour {
  return {
    name,
    url: about?.connection === 'link' ? null : apiEndpoint,
    heardAt: health.lastSeen,
    version: about?.version ?? null,
    program: about?.program ?? null,
  }
}

/** That it answers is clear, or nobody could ask. */
function ownState(storage: { reason: string } | null): Finding {
  if (!storage) return fine('Server', 'It answers, and it can save')
  return problem('Server', `It cannot save anything: ${storage.reason}`, 'Make room, or look at the disk')
}

/** A schedule of this machine is in its own time zone. */
function nextTimeOf(schedule: string | undefined): (after: Date) => Date | null {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
  return (after) => (schedule === undefined ? null : (nextTimes(schedule, timeZone, after, 1)[0] ?? null))
}

/** The primary keeps what other nodes used, from the stats that they send anyway. */
function keepTotals(deps: {
  isPrimary: boolean
  selfId: string
  totals: NodeTotals
  inventory: Inventory
  nodeEvents: NodeEventHub
}): void {
  const { isPrimary, selfId, totals, inventory, nodeEvents } = deps
  if (!isPrimary) return
  nodeEvents.on('statsChanged', 'totals', (nodeId) => {
    const { state, stats } = inventory.statsOf(nodeId)
    if (nodeId !== selfId && state === 'ok' && stats) totals.sampled(nodeId, stats)
  })
  nodeEvents.on('changed', 'totals', ({ node }) => totals.maintenance(node.id, node.maintenance?.since ?? null))
  nodeEvents.on('removed', 'totals', (nodeId) => void totals.forget(nodeId))
}
