import pLimit from 'p-limit'
import type { Clock } from '../../clock.ts'
import { errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { ClusterNode, NodeRegistry } from '../members/node-registry.ts'
import type { CheckSignal } from '../members/node-status.ts'

export interface NodeCheck {
  ok: boolean
  /** Why the check failed. Null if it passed. */
  error: string | null
  durationMs: number
  /** The node after the check. */
  node: ClusterNode
}

/**
 * Checks after a lost session: at once, then 1 s and 2 s later, so that three failures come within seconds. They may overlap:
 * if the host drops packets, each waits for its deadline, and one after another they would take too long.
 */
const suspicionDelaysMs = [0, 1000, 2000]

interface Suspicion {
  since: Date
  cancel: () => void
}

export type HealthChecks = ReturnType<typeof createHealthChecks>

const notKnown = 'The check was inconclusive, because this primary was suspended or is making the node wait. It checks again in a moment'

/**
 * Checks nodes and reports the results to the registry. Scheduled and manual checks of the same node never overlap.
 * Different nodes are checked in parallel, so a node that hangs delays only itself.
 */
export function createHealthChecks(deps: {
  registry: NodeRegistry
  selfId: string
  /**
   * Asks a node for its stats. Resolves to null if it passed, or to the reason it failed, in words for people. Undefined if
   * the check was inconclusive: this primary is making the node wait, or was suspended during it. Has its own deadline.
   */
  probe: (node: ClusterNode, by: CheckSignal) => Promise<string | null | undefined>
  /** How many nodes are checked at once. Trades sockets against how long a sweep over many dead nodes takes. */
  parallel: number
  clock: Clock
  log: Log
}) {
  const { registry, clock, log } = deps
  const limit = pLimit(deps.parallel)
  const underWay = new Map<string, Promise<NodeCheck>>()
  const suspicions = new Map<string, Suspicion>()

  async function run(id: string, by: CheckSignal): Promise<NodeCheck> {
    const node = registry.get(id)
    const startedAt = clock.now()
    const started = performance.now()
    const found = await deps.probe(node, by).catch(errorMessage)
    const error = found ?? null
    const durationMs = Math.round(performance.now() - started)
    const facts = { node: node.name, duration: `${durationMs}ms` }
    if (found === undefined) {
      log.debug(facts, 'health check inconclusive')
      return { ok: false, error: notKnown, durationMs, node: registry.get(id) }
    }
    if (error === null) log.info(facts, 'health check completed')
    else log.warn({ ...facts, error }, 'health check failed')
    const observation =
      error === null
        ? ({ kind: 'check-passed', by, startedAt } as const)
        : ({ kind: 'check-failed', by, startedAt, reason: error } as const)
    return { ok: error === null, error, durationMs, node: registry.observe(id, observation) }
  }

  function check(id: string, by: CheckSignal): Promise<NodeCheck> {
    const before = underWay.get(id) ?? Promise.resolve()
    // A manual check does not queue behind a sweep.
    const start = () => (by === 'manual-check' ? run(id, by) : limit(() => run(id, by)))
    const current = before.then(start, start)
    underWay.set(id, current)
    void current
      .catch(() => undefined)
      .finally(() => {
        if (underWay.get(id) === current) underWay.delete(id)
      })
    return current
  }

  /** For checks that nobody waits for. Not an error if the node was removed in the meantime. */
  function checkInBackground(id: string): void {
    check(id, 'check').catch((error: unknown) => log.debug({ node: id, error: errorMessage(error) }, 'health check dropped'))
  }

  return {
    /** Starts every check that is due. Skips nodes that are already being checked. */
    tick(): void {
      for (const node of registry.due()) if (!underWay.has(node.id)) checkInBackground(node.id)
    },

    /** Checks now, ignoring the backoff. This node itself passes without a request. @throws NOT_FOUND */
    async checkNow(id: string): Promise<NodeCheck> {
      if (id === deps.selfId) return { ok: true, error: null, durationMs: 0, node: registry.get(id) }
      registry.get(id)
      return check(id, 'manual-check')
    },

    /** Call when a node may be down. Checks it at once instead of in its next slot. */
    suspect(id: string): void {
      const node = registry.find(id)
      if (!node) return
      const earlier = suspicions.get(id)
      const { lastSeen } = node.health
      // If the node was seen after the earlier suspicion began, this is a new one and starts fresh.
      const isNew = !earlier || (lastSeen !== null && lastSeen >= earlier.since)
      if (!isNew) return
      earlier?.cancel()
      let left = suspicionDelaysMs.length
      const cancels = suspicionDelaysMs.map((delayMs) =>
        clock.after(delayMs, () => {
          void run(id, 'session')
            .then(({ ok }) => ok && end())
            .catch(() => undefined)
            .finally(() => --left === 0 && end())
        }),
      )
      const cancel = (): void => cancels.forEach((stop) => stop())
      const end = (): void => {
        cancel()
        if (suspicions.get(id)?.cancel === cancel) suspicions.delete(id)
      }
      suspicions.set(id, { since: clock.now(), cancel })
    },

    /** Starts no more checks. Running ones end by their own deadline. */
    stop(): void {
      for (const { cancel } of suspicions.values()) cancel()
      suspicions.clear()
      limit.clearQueue()
    },
  }
}
