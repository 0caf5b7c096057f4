import type { Clock } from '../clock.ts'
import { AppError, errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import { missingCapabilities, type Capability } from '../nodes/about.ts'
import type { ClusterNode, NodeAddress, NodeRegistry } from '../nodes/node-registry.ts'
import { NodeCallError, type NodeClient } from './node-client.ts'

const callDeadlineMs = 5000
/** A node that refused is tried again by the policy so often. */
const retryMs = 60 * 60_000
/** What was begun with a node is tried again so often while it is online. */
const finishMs = 60_000
/** How many such nodes are spoken to in one turn. */
const mostAtOnce = 4
const dayMs = 86_400_000
/** A key that is due is changed by itself within a day, were there a thousand of them; only then is a person told. */
const overdueGraceMs = dayMs
/** With these a node says that it has not taken the key and will not; any other failure may have come after it took it. */
const finalRefusals: ReadonlySet<string> = new Set(['FORBIDDEN', 'NOT_FOUND', 'INVALID_INPUT', 'NOT_SUPPORTED'])

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
 *     keeps the next key on disk; takes both
 *     POST /api/internal/key {next}  ──────────▶ keeps it on disk; calls with it, takes both
 *     calls with the next key        ──────────▶ a minute later forgets the former, and ends what was opened with it
 *     has the next key as its key (also when the node calls with it); a minute later forgets the former
 *
 * Where it may end, and what finishes it:
 * - before the node was told, or it did not keep the key: the primary still has the next one, and tells it again;
 * - the node keeps it and the answer is lost, or either one dies there: the primary tries the next key before it tells again,
 *   and the node's own next call proves it;
 * - the node is away for days: both keys are good as long as that takes;
 * - another key is given by hand: that is the only one that is good from then on, and the change is off.
 */
export function createKeyChanges(deps: {
  registry: NodeRegistry
  client: NodeClient
  addressOf: (nodeId: string) => NodeAddress
  /** Older keys are changed by `tick`; 0 never. */
  maxAgeMs: number
  /** Whether a program may act by itself now. */
  mayAct: () => boolean
  clock: Clock
  log: Log
}) {
  const { registry, client, addressOf, clock, log } = deps
  const underWay = new Set<string>()
  const triedAt = new Map<string, number>()
  const failures = new Map<string, string>()

  const isGood = (id: string, apiKey: string): Promise<boolean> =>
    client.request({ ...addressOf(id), apiKey }, { path: '/api/internal/system/stats', deadlineMs: callDeadlineMs }).then(
      () => true,
      () => false,
    )

  async function hand(id: string, next: string): Promise<void> {
    try {
      await client.request(addressOf(id), {
        method: 'POST',
        path: '/api/internal/key',
        body: { api_key: next },
        deadlineMs: callDeadlineMs,
      })
    } catch (error) {
      // It may have taken the key, and its answer was lost.
      if (await isGood(id, next)) return
      if (error instanceof NodeCallError && finalRefusals.has(error.code)) await registry.dropNextKey(id, next)
      throw error
    }
  }

  async function change(id: string): Promise<void> {
    const isBegun = registry.hasNextKey(id)
    const next = await registry.prepareKey(id)
    if (!(isBegun && (await isGood(id, next)))) await hand(id, next)
    if (!(await isGood(id, next)))
      throw new AppError('NODE_UNREACHABLE', `${registry.get(id).name}: does not answer to its new key yet; both are good until it does`)
    // The node may have called with it meanwhile, which does the same.
    if (!(await registry.promoteKey(id, next)) && registry.keyOf(id) !== next)
      throw new AppError('CONFLICT', `${registry.get(id).name}: was given another key meanwhile`)
    log.info({ node: registry.get(id).name }, 'key of node changed')
  }

  async function once(id: string): Promise<void> {
    if (underWay.has(id)) throw new AppError('CONFLICT', 'The key of this node is being changed already')
    underWay.add(id)
    triedAt.set(id, clock.now().getTime())
    try {
      await change(id)
      failures.delete(id)
    } catch (error) {
      failures.set(id, errorMessage(error))
      throw error
    } finally {
      underWay.delete(id)
    }
  }

  const dueAt = ({ keyChangedAt }: ClusterNode): number =>
    deps.maxAgeMs > 0 && keyChangedAt !== null ? keyChangedAt.getTime() + deps.maxAgeMs : Infinity

  function inBackground(id: string, name: string): void {
    once(id).catch((error: unknown) => log.warn({ node: name, error: errorMessage(error) }, 'key of node could not be changed'))
  }

  const mayTry = (id: string, everyMs: number): boolean => clock.now().getTime() - (triedAt.get(id) ?? -Infinity) >= everyMs

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

    /** Since when the key of a node is older than the policy allows, and why it was not changed; null when it is not. */
    overdue(node: ClusterNode): { since: Date; maxAgeDays: number; failure: string | undefined } | null {
      const since = dueAt(node) + overdueGraceMs
      if (clock.now().getTime() < since) return null
      return { since: new Date(since), maxAgeDays: deps.maxAgeMs / dayMs, failure: failures.get(node.id) }
    },

    /** Finishes what was begun, and changes the oldest key that is older than the policy allows: one at a time, so that they spread. */
    tick(): void {
      if (!deps.mayAct()) return
      const now = clock.now().getTime()
      const able = registry
        .list()
        .filter(({ id, isPrimary, health }) => !isPrimary && health.status === 'online' && !underWay.has(id))
        .filter(({ about }) => about !== null && !missingCapabilities(about).includes('key-rotation'))
      const begun = able.filter(({ id }) => registry.hasNextKey(id) && mayTry(id, finishMs)).slice(0, mostAtOnce)
      const due = able
        .filter((node) => !registry.hasNextKey(node.id) && dueAt(node) <= now && mayTry(node.id, retryMs))
        .sort((a, b) => dueAt(a) - dueAt(b))
      for (const { id, name } of [...begun, ...due.slice(0, 1)]) inBackground(id, name)
    },

    /** A node is back: what was begun with it is finished at once. */
    finish(id: string): void {
      if (deps.mayAct() && registry.hasNextKey(id) && !underWay.has(id)) inBackground(id, registry.get(id).name)
    },

    /** A removed node has nothing to be said of. */
    forget(id: string): void {
      triedAt.delete(id)
      failures.delete(id)
    },
  }
}
