import pLimit from 'p-limit'
import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ClusterNode, NodeRegistry } from './node-registry.ts'
import type { CheckSignal } from './node-status.ts'

export interface NodeCheck {
  ok: boolean
  /** Why the node did not pass; null when it did. */
  error: string | null
  durationMs: number
  /** The node as it is after the check. */
  node: ClusterNode
}

/**
 * After a lost session: at once, and again 1 s and 2 s later, so that three failures come within seconds. They may overlap: a
 * host that swallows packets makes each wait for its deadline, and one after another they would take too long.
 */
const suspicionDelaysMs = [0, 1000, 2000]

interface Suspicion {
  since: Date
  cancel: () => void
}

export type HealthChecks = ReturnType<typeof createHealthChecks>

const notKnown = 'This primary keeps the node waiting, or stood still while it asked. It is asked again in a moment'

/**
 * Asks nodes how they are and tells the registry. Turns and people's checks of one node never overlap; nodes are asked in parallel, so one
 * that hangs delays nobody but itself.
 */
export function createHealthChecks(deps: {
  registry: NodeRegistry
  selfId: string
  /**
   * Asks a node for its stats. Answers why it did not pass, in words for a person, or null; undefined when nothing was learned,
   * because this primary itself keeps it waiting, or stood still meanwhile. Bounded in time by itself.
   */
  probe: (node: ClusterNode, by: CheckSignal) => Promise<string | null | undefined>
  /** How many nodes are asked at once: trades sockets against how long a sweep over many dead nodes takes. */
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
      log.debug(facts, 'health check says nothing')
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
    // A person's check does not stand in line behind a sweep.
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

  /** For checks that nobody waits for: a node that was removed meanwhile is not an error. */
  function checkInBackground(id: string): void {
    check(id, 'check').catch((error: unknown) => log.debug({ node: id, error: errorMessage(error) }, 'health check dropped'))
  }

  return {
    /** Starts every check that is due. Nodes that are being asked right now are left alone. */
    tick(): void {
      for (const node of registry.due()) if (!underWay.has(node.id)) checkInBackground(node.id)
    },

    /** Checks now, whatever the backoff says. The node itself passes without a request. @throws NOT_FOUND */
    async checkNow(id: string): Promise<NodeCheck> {
      if (id === deps.selfId) return { ok: true, error: null, durationMs: 0, node: registry.get(id) }
      registry.get(id)
      return check(id, 'manual-check')
    },

    /** Something says that a node may be gone: look at once instead of waiting for the tick. */
    suspect(id: string): void {
      const node = registry.find(id)
      if (!node) return
      const earlier = suspicions.get(id)
      const { lastSeen } = node.health
      // It was there meanwhile, so what its earlier checks say does not count against it any more.
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

    /** Lets nothing new begin. What is under way ends by its own deadline. */
    stop(): void {
      for (const { cancel } of suspicions.values()) cancel()
      suspicions.clear()
      limit.clearQueue()
    },
  }
}
