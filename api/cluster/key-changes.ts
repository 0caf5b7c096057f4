import type { Clock } from '../clock.ts'
import { AppError, errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import { missingCapabilities, type Capability } from '../nodes/about.ts'
import type { ClusterNode, NodeRegistry } from '../nodes/node-registry.ts'
import { NodeCallError, type NodeClient } from './node-client.ts'

const callDeadlineMs = 5000
/** A node that refused, or was away, is tried again by the policy so often. */
const retryMs = 60 * 60_000

export type KeyChanges = ReturnType<typeof createKeyChanges>

/** @throws NOT_SUPPORTED with the node's version and what it lacks */
export function needCapability({ name, about }: ClusterNode, capability: Capability): void {
  const lacks = about === null || missingCapabilities(about).includes(capability)
  if (lacks)
    throw new AppError(
      'NOT_SUPPORTED',
      `${name} runs ${about?.version ?? 'an unknown version'}, which lacks ${capability}. Update it first`,
    )
}

/**
 * Changes the keys of nodes while everything goes on. Of each step a crash or a lost answer may be the end; what was begun
 * is finished later, because from the first step to the last both keys are good wherever either may come from:
 *
 *     primary                                    node
 *     keeps the next key; takes both
 *     POST /api/internal/key {next}  ──────────▶ keeps it; calls with it, takes both
 *     calls with the next key        ──────────▶ a minute later forgets the former
 *     forgets the former (also when the node calls with the next one)
 */
export function createKeyChanges(deps: {
  registry: NodeRegistry
  client: NodeClient
  /** Older keys are changed by `tick`; 0 never. */
  maxAgeMs: number
  /** Whether a program may act by itself now. */
  mayAct: () => boolean
  clock: Clock
  log: Log
}) {
  const { registry, client, clock, log } = deps
  const underWay = new Set<string>()
  const triedAt = new Map<string, number>()

  const isGood = (id: string, apiKey: string): Promise<boolean> =>
    client.request({ ...registry.addressOf(id), apiKey }, { path: '/api/internal/system/stats', deadlineMs: callDeadlineMs }).then(
      () => true,
      () => false,
    )

  async function hand(id: string, next: string): Promise<void> {
    try {
      await client.request(registry.addressOf(id), {
        method: 'POST',
        path: '/api/internal/key',
        body: { api_key: next },
        deadlineMs: callDeadlineMs,
      })
    } catch (error) {
      // It may have taken the key, and its answer was lost.
      if (await isGood(id, next)) return
      // What the node itself refuses, it will not do later either.
      if (error instanceof NodeCallError && error.code === 'FORBIDDEN') await registry.dropNextKey(id)
      throw error
    }
  }

  async function change(id: string): Promise<void> {
    const next = await registry.prepareKey(id)
    await hand(id, next)
    if (!(await isGood(id, next)))
      throw new AppError('NODE_UNREACHABLE', `${registry.get(id).name}: does not answer to its new key yet; both are good until it does`)
    await registry.promoteKey(id)
    log.info({ node: registry.get(id).name }, 'key of node changed')
  }

  async function once(id: string): Promise<void> {
    if (underWay.has(id)) throw new AppError('CONFLICT', 'The key of this node is being changed already')
    underWay.add(id)
    triedAt.set(id, clock.now().getTime())
    try {
      await change(id)
    } finally {
      underWay.delete(id)
    }
  }

  const isOld = ({ keyChangedAt }: ClusterNode): boolean =>
    deps.maxAgeMs > 0 && keyChangedAt !== null && clock.now().getTime() - keyChangedAt.getTime() >= deps.maxAgeMs

  const mayTry = (id: string): boolean => clock.now().getTime() - (triedAt.get(id) ?? -Infinity) >= retryMs

  return {
    /** @throws NOT_FOUND, NOT_SUPPORTED, FORBIDDEN for the primary itself and where the key is set by hand, NODE_UNREACHABLE */
    async rotate(id: string): Promise<ClusterNode> {
      const node = registry.get(id)
      if (node.isPrimary) throw new AppError('FORBIDDEN', 'This is the primary itself, which shares its key with nobody')
      needCapability(node, 'key-rotation')
      if (node.health.status !== 'online')
        throw new AppError('NODE_UNREACHABLE', `${node.name} is ${node.health.status}: ${node.health.statusReason ?? 'it does not answer'}`)
      await once(id)
      return registry.get(id)
    },

    isOld,

    /** Finishes what was begun, and changes the oldest key that is older than the policy allows: one at a time, so that they spread. */
    tick(): void {
      if (!deps.mayAct()) return
      const others = registry.list().filter(({ id, isPrimary }) => !isPrimary && !underWay.has(id))
      const begun = others.filter(({ id }) => registry.hasNextKey(id))
      const due = others
        .filter((node) => isOld(node) && node.health.status === 'online' && mayTry(node.id))
        .filter(({ about }) => about !== null && !missingCapabilities(about).includes('key-rotation'))
        .sort((a, b) => Number(a.keyChangedAt) - Number(b.keyChangedAt))
      for (const { id, name } of [...begun, ...due.slice(0, 1)]) {
        once(id).catch((error: unknown) => log.warn({ node: name, error: errorMessage(error) }, 'key of node could not be changed'))
      }
    },
  }
}
