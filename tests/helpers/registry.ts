import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { createSecretBox } from '../../api/auth/secret-box.ts'
import { defaultHealthPolicy } from '../../api/cluster/members/health-policy.ts'
import { createNodeRegistry, type ClusterNode, type NodeRegistry } from '../../api/cluster/members/node-registry.ts'
import type { NodeHealth } from '../../api/cluster/members/node-status.ts'
import type { Database } from '../../api/db/orm.ts'
import { dataFolder } from './data-folder.ts'
import { testDatabase } from './database.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'
import { recordedLog } from './recorded-log.ts'

export const primaryId = '00000000-0000-4000-8000-000000000001'

export interface RegistryOptions {
  path?: string
  clock?: ManualClock
  secretKey?: Buffer
  /** Also receives the registry's changes. */
  onChange?: (node: ClusterNode, before?: NodeHealth) => void
  onRemoved?: (nodeId: string) => void
  self?: Partial<{ id: string; name: string; apiEndpoint: string; apiKey: string; isPrimary: boolean }>
}

export interface TestRegistry {
  registry: NodeRegistry
  database: Database
  path: string
  clock: ManualClock
  secretKey: Buffer
  /** The sealed key of a node. */
  open: (sealed: string, nodeId: string) => string
  changes: { id: string; from: string | undefined; to: string }[]
  removed: string[]
  messages: () => string[]
  /** A new registry with the same database file and clock, as after a restart. */
  restart(options?: RegistryOptions): Promise<TestRegistry>
}

/** A primary's registry with a real database file, not started. Randomness is fixed so that waits have no jitter. */
export async function registryOf(t: ExecutionContext<unknown>, options: RegistryOptions = {}): Promise<TestRegistry> {
  const { path = join(dataFolder(t), 'selfhostly.db'), clock = createManualClock(), secretKey = randomBytes(32) } = options
  const database = await testDatabase(t, path)
  const box = createSecretBox(secretKey)
  const { log, messages } = recordedLog()
  const changes: TestRegistry['changes'] = []
  const removed: string[] = []
  const open = (sealed: string, nodeId: string): string => box.open(sealed, `node.apiKey:${nodeId}`)
  const registry = createNodeRegistry({
    em: database.em,
    self: {
      id: primaryId,
      name: 'main',
      apiEndpoint: 'http://localhost:8080',
      apiKey: 'own-key-of-main',
      isPrimary: true,
      ...options.self,
    },
    seal: (apiKey, nodeId) => box.seal(apiKey, `node.apiKey:${nodeId}`),
    open,
    policy: defaultHealthPolicy,
    random: () => 0.5,
    clock,
    log,
    onChange(node, before) {
      changes.push({ id: node.id, from: before?.status, to: node.health.status })
      options.onChange?.(node, before)
    },
    onRemoved(id) {
      removed.push(id)
      options.onRemoved?.(id)
    },
  })
  return {
    registry,
    database,
    path,
    clock,
    secretKey,
    open,
    changes,
    removed,
    messages,
    async restart(again = {}) {
      await registry.flush()
      await database.close(true)
      return registryOf(t, { path, clock, secretKey, ...(options.self ? { self: options.self } : {}), ...again })
    },
  }
}

export async function startedRegistry(t: ExecutionContext<unknown>, options: RegistryOptions = {}): Promise<TestRegistry> {
  const fixture = await registryOf(t, options)
  await fixture.registry.start()
  return fixture
}

export const nodeInput = (name = 'worker-1', apiEndpoint = 'http://10.0.0.2:8080') => ({
  id: String(randomUUID()),
  name,
  apiEndpoint,
  apiKey: `key-of-${name}`,
})

/** Registers a node that has answered. */
export async function onlineNode({ registry }: TestRegistry, input = nodeInput()): Promise<ClusterNode> {
  const { id } = await registry.register(input)
  return registry.observe(id, { kind: 'heartbeat' })
}
