import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { createAccessServices } from './auth/access-services.ts'
import { createLimits } from './auth/limits.ts'
import { createPasswordGuard } from './auth/password-guard.ts'
import { createSecretBox } from './auth/secret-box.ts'
import { finishRotation, loadFormerKeys } from './auth/secret-key-rotation.ts'
import { loadSecretKey, sessionSecretOf } from './auth/secret-key.ts'
import type { Clock } from './clock.ts'
import type { Config } from './config.ts'
import type { Database } from './db/orm.ts'
import { createEventHub } from './events.ts'
import type { Log } from './log.ts'
import type { NodeIdentity } from './cluster/home/identity.ts'
import { capabilities, type NodeAbout } from './cluster/members/node-about.ts'
import { createPrimaryContact } from './cluster/home/primary-contact.ts'
import { createOwnKey } from './cluster/keys/own-key.ts'
import { createOwnName } from './cluster/home/own-name.ts'
import { createPrimaryAddress } from './cluster/home/primary-address.ts'
import { createHomeCall, refuseStrangers } from './cluster/home/call-home.ts'
import { nextNodeKeys, nodeKeys } from './cluster/members/node.entity.ts'
import { settingValues } from './settings/setting.entity.ts'
import { createSettingsService } from './settings/settings-service.ts'
import type { Storage } from './storage.ts'
import { createCluster } from './services/cluster.ts'
import { createAuditedOperations } from './services/audited-operations.ts'
import type { NodeCallEvents, ViewEvents } from './services/events.ts'
import { createOwnApps } from './services/own-apps.ts'

export type Services = ReturnType<typeof createServices>

/** Builds every service of this process once. The outside world (database, clock, log, ...) is passed in. */
export function createServices(world: {
  version: string
  config: Config
  identity: NodeIdentity
  apiEndpoint: string
  database: Database
  storage: Storage
  clock: Clock
  random: () => number
  log: Log
}) {
  const { config, clock, random, log, storage } = world
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
    /** The primary can change it when this node joins. */
    get name(): string {
      return ownName?.current() ?? configured
    },
    /** It can change while the program runs. */
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
  storage.onChange(() => events.emit('server', undefined))
  let acceptedPrimary: { id: string; at: Date } | null = null
  if (!isPrimary) nodeCalls.on('authenticated', (id) => (acceptedPrimary = { id, at: clock.now() }))

  const primaryContact =
    config.role === 'secondary'
      ? createPrimaryContact({ url: () => primaryAddress?.current() ?? '', clock, onChange: () => events.emit('server', undefined) })
      : null

  const access = createAccessServices({
    access: config.access,
    isPrimary,
    ownSecret: sessionSecretOf(secretKey),
    auditBounds: config.audit,
    em,
    clock,
    log,
    onCredentialEnded: (credentialId) => events.emit('credentialEnded', credentialId),
  })

  const limits = createLimits({ clock })
  const passwords = createPasswordGuard({ limits, places: access.places })

  const settings = createSettingsService({
    em,
    seal: secrets.seal,
    open: secrets.open,
    clock,
    readOnly: !isPrimary,
    onChange: () => events.emit('settings', undefined),
  })

  const own = createOwnApps({ em, config, nodeId: self.id, about, storage, clock, log })
  const cluster = createCluster({
    version: world.version,
    em,
    config,
    self,
    about,
    ownKey,
    own,
    secrets,
    settings,
    audit: access.audit,
    limits,
    events,
    random,
    clock,
    log,
  })

  const auditedOperations = createAuditedOperations({
    em,
    audit: access.audit,
    operationOf: cluster.inventory.operation,
    findNode: cluster.registry.find,
    log,
  })
  events.on('operation', auditedOperations.heard)
  events.on('node', auditedOperations.nodeChanged)
  events.on('nodeRemoved', auditedOperations.nodeRemoved)
  events.on('snapshot', auditedOperations.snapshotHeard)

  const callHome = createHomeCall({ client: cluster.client, self, about })
  const primaryAddress =
    config.role === 'secondary'
      ? createPrimaryAddress({
          fromEnvironment: config.primaryUrl,
          dataDir,
          async prove(url) {
            await refuseStrangers(url)
            return (await callHome(url)).primaryId
          },
          // The answer to this request may still be on its way over the link that this event closes.
          onChange: () => void clock.after(500, () => events.emit('primaryMoved', undefined)),
          clock,
          log,
        })
      : null

  return {
    version: world.version,
    config,
    storage,
    self,
    about,
    log,
    clock,
    random,
    events,
    nodeCalls,
    /** The node that this secondary last accepted as its primary. */
    acceptedPrimary: () => acceptedPrimary,
    /** Whether the primary answers this secondary; null on a primary. */
    primaryContact,
    /** The primary's address; null on a primary. */
    primaryAddress,
    callHome,
    ownKey,
    /** Called when the primary has accepted this node under this name. */
    async joinedAs(name: string): Promise<void> {
      try {
        ownName?.joinedAs(name)
      } finally {
        await cluster.registry.renameSelf()
        events.emit('server', undefined)
      }
    },
    /** If there is a previous key, encrypts everything with the current one. */
    async finishKeyRotation(): Promise<void> {
      if (formerKeys.length === 0) return
      const count = await finishRotation({ em, box: secrets, columns: [nodeKeys, nextNodeKeys, settingValues], dataDir })
      log.info({ count }, 'secrets encrypted with the new key')
    },
    audit: access.audit,
    auditedOperations,
    /** Called before every password check. */
    passwords,
    settings,
    ...own,
    ...cluster,

    // The rooms. Everything above that is also in one of them goes once nothing uses it there.
    access: { ...access, limits, passwords },
    apps: { ...own.apps, operations: own.operations, actions: own.actions },
    members: { registry: cluster.registry, holds: cluster.holds, clones: cluster.clones },
    limits: { ...limits, misbehaviour: cluster.misbehaviour },
    transport: {
      client: cluster.client,
      links: cluster.links,
      linkGate: cluster.linkGate,
      dialback: cluster.dialback,
      addressOf: cluster.addressOf,
    },
    feed: { ...own.feed, own: own.feed, pace: own.feedPace, inventory: cluster.inventory, streams: cluster.streams },
    health: { heartbeats: cluster.heartbeats, checks: cluster.checks, history: cluster.history, alarms: cluster.alarms },
    keys: cluster.keyChanges,
    joining: { ...cluster.joining, tokens: cluster.joinTokens, attempts: cluster.joinAttempts },
    home: { ownKey, callHome, primaryAddress, primaryContact, acceptedPrimary: () => acceptedPrimary, events: nodeCalls },
    details: { conditionsOf: cluster.conditionsOf, sessionOf: cluster.sessionOf },
    primaryMove: cluster.tellPrimaryMoved,
  }
}
