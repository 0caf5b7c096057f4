import type { Clock } from '../../clock.ts'
import { AppError, errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { missingCapabilities } from '../members/node-about.ts'
import type { ClusterNode, NodeAddress, NodeRegistry } from '../members/node-registry.ts'
import { statusInWords } from '../members/status-words.ts'
import { needFor } from '../calls/needs.ts'
import { calls } from '../node-calls.ts'
import { NodeCallError } from '../transport/node-call-error.ts'
import type { NodeClient } from '../transport/node-client.ts'

const callDeadlineMs = 5000
/** How often the policy retries a node that refused. */
const retryMs = 60 * 60_000
/** How often a key change that was started is retried while the node is online. */
const finishMs = 60_000
/** How many started key changes are retried per tick. */
const mostAtOnce = 4
const dayMs = 86_400_000
/** Even with a thousand nodes, a key that is due is changed automatically within a day. People are told only after that. */
const overdueGraceMs = dayMs
/** With these codes a node says that it did not accept the key. After any other failure it may have accepted it. */
const finalRefusals: ReadonlySet<string> = new Set(['FORBIDDEN', 'NOT_FOUND', 'INVALID_INPUT', 'NOT_SUPPORTED'])

export type KeyChanges = ReturnType<typeof createKeyChanges>

/**
 * Changes node keys without interrupting anything. A crash or a lost answer can end the change after any step. It is finished
 * later, because both sides accept both keys from the first step to the last:
 *
 *     primary                                    node
 *     saves the next key; accepts both
 *     takeKey {next}                 ──────────▶ saves it; calls with it, accepts both
 *     calls with the next key        ──────────▶ a minute later drops the previous one, and closes what was opened with it
 *     makes the next key the current one (also when the node calls with it); a minute later drops the previous one
 *
 * Where it can stop, and how it is finished:
 * - The node was not told, or did not save the key: the primary still has the next key and sends it again.
 * - The node saved the key but the answer was lost, or either side crashed: the primary tries the next key before it sends it
 *   again, and the node's own next call confirms it.
 * - The node is away for days: both keys keep working until it is back.
 * - Someone enters another key by hand: from then on only that key works, and the change is dropped.
 */
export function createKeyChanges(deps: {
  registry: NodeRegistry
  client: NodeClient
  addressOf: (nodeId: string) => NodeAddress
  /** `tick` changes keys older than this; 0 means never. */
  maxAgeMs: number
  /** Whether automatic actions are allowed now. */
  mayAct: () => boolean
  clock: Clock
  log: Log
}) {
  const { registry, client, addressOf, clock, log } = deps
  const underWay = new Set<string>()
  const triedAt = new Map<string, number>()
  const failures = new Map<string, string>()

  const isGood = (id: string, apiKey: string): Promise<boolean> =>
    client.call({ ...addressOf(id), apiKey }, calls.stats, {}, { deadlineMs: callDeadlineMs }).then(
      () => true,
      () => false,
    )

  async function hand(id: string, next: string): Promise<void> {
    try {
      await client.call(addressOf(id), calls.takeKey, { apiKey: next })
    } catch (error) {
      // The node may have accepted the key and only its answer was lost.
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
      throw new AppError('NODE_UNREACHABLE', `${registry.get(id).name}: does not accept its new key yet. Both keys work until it does`)
    // The node may already have called with the new key, which promotes it too.
    if (!(await registry.promoteKey(id, next)) && registry.keyOf(id) !== next)
      throw new AppError('CONFLICT', `${registry.get(id).name}: was given another key during the change`)
    log.info({ node: registry.get(id).name }, 'node key changed')
  }

  async function once(id: string): Promise<void> {
    if (underWay.has(id)) throw new AppError('CONFLICT', "This node's key is already being changed")
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
    once(id).catch((error: unknown) => log.warn({ node: name, error: errorMessage(error) }, 'could not change node key'))
  }

  const mayTry = (id: string, everyMs: number): boolean => clock.now().getTime() - (triedAt.get(id) ?? -Infinity) >= everyMs

  return {
    /** @throws NOT_FOUND, NOT_SUPPORTED, FORBIDDEN for the primary itself and if the key is set by hand, NODE_UNREACHABLE */
    async rotate(id: string): Promise<ClusterNode> {
      const node = registry.get(id)
      if (node.isPrimary) throw new AppError('FORBIDDEN', 'This is the primary itself, and no other node uses its key')
      needFor(node, calls.takeKey, { apiKey: '' })
      if (node.health.status !== 'online') throw new AppError('NODE_UNREACHABLE', statusInWords(node))
      await once(id)
      return registry.get(id)
    },

    /** Since when a node's key has been older than the policy allows, and why it was not changed; null if it is not overdue. */
    overdue(node: ClusterNode): { since: Date; maxAgeDays: number; failure: string | undefined } | null {
      const since = dueAt(node) + overdueGraceMs
      if (clock.now().getTime() < since) return null
      return { since: new Date(since), maxAgeDays: deps.maxAgeMs / dayMs, failure: failures.get(node.id) }
    },

    /** Finishes started changes, and changes the oldest key that is due. Only one per tick, to spread the changes over time. */
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

    /** A node is back. A change that was started with it is finished at once. */
    finish(id: string): void {
      if (deps.mayAct() && registry.hasNextKey(id) && !underWay.has(id)) inBackground(id, registry.get(id).name)
    },

    /** Call when a node is removed. */
    forget(id: string): void {
      triedAt.delete(id)
      failures.delete(id)
    },
  }
}
