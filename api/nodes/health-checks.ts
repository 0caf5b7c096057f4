import pLimit from 'p-limit'
import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ClusterNode, NodeRegistry } from './node-registry.ts'

export interface NodeCheck {
  ok: boolean
  /** Why the node did not pass; null when it did. */
  error: string | null
  durationMs: number
  /** The node as it is after the check. */
  node: ClusterNode
}

/** After a lost session: at once, and again 1 s and 2 s later, so that three failures come within seconds. */
const suspicionDelaysMs = [0, 1000, 2000]

export type HealthChecks = ReturnType<typeof createHealthChecks>

/**
 * Asks nodes how they are and tells the registry. Checks of one node never overlap; nodes are asked in parallel, so one
 * that hangs delays nobody but itself.
 */
export function createHealthChecks(deps: {
  registry: NodeRegistry
  selfId: string
  /** Asks a node for its stats. Answers why it did not pass, in words for a person, or null. Bounded in time by itself. */
  probe: (node: ClusterNode) => Promise<string | null>
  /** How many nodes are asked at once: trades sockets against how long a sweep over many dead nodes takes. */
  parallel: number
  clock: Clock
  log: Log
}) {
  const { registry, clock, log } = deps
  const limit = pLimit(deps.parallel)
  const underWay = new Map<string, Promise<NodeCheck>>()
  const suspicions = new Map<string, () => void>()

  async function run(id: string, manual: boolean): Promise<NodeCheck> {
    const node = registry.get(id)
    const startedAt = clock.now()
    const started = performance.now()
    const error = await deps.probe(node).catch(errorMessage)
    const durationMs = Math.round(performance.now() - started)
    const facts = { node: node.name, duration: `${durationMs}ms` }
    if (error === null) log.info(facts, 'health check completed')
    else log.warn({ ...facts, error }, 'health check failed')
    const observation =
      error === null
        ? ({ kind: 'check-passed', manual, startedAt } as const)
        : ({ kind: 'check-failed', manual, startedAt, reason: error } as const)
    return { ok: error === null, error, durationMs, node: registry.observe(id, observation) }
  }

  function check(id: string, manual: boolean): Promise<NodeCheck> {
    const before = underWay.get(id) ?? Promise.resolve()
    // A person's check does not stand in line behind a sweep.
    const start = () => (manual ? run(id, manual) : limit(() => run(id, manual)))
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
    check(id, false).catch((error: unknown) => log.debug({ node: id, error: errorMessage(error) }, 'health check dropped'))
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
      return check(id, true)
    },

    /** Something says that a node may be gone: look at once instead of waiting for the tick. */
    suspect(id: string): void {
      if (suspicions.has(id) || !registry.find(id)) return
      const [first = 0, ...later] = suspicionDelaysMs
      let cancel: () => void = () => undefined
      const probeAfter = (delayMs: number, rest: number[]): void => {
        cancel = clock.after(delayMs, () => {
          void check(id, false)
            .catch(() => null)
            .then((result) => {
              const [next, ...others] = rest
              if (result === null || result.ok || next === undefined || !suspicions.has(id)) suspicions.delete(id)
              else probeAfter(next, others)
            })
        })
      }
      suspicions.set(id, () => cancel())
      // Waits count from one another: 0 s, then +1 s, then +2 s of the first is +1 s of the second.
      probeAfter(
        first,
        later.map((delay, index) => delay - (suspicionDelaysMs[index] ?? 0)),
      )
    },

    /** Lets nothing new begin. What is under way ends by its own deadline. */
    stop(): void {
      for (const cancel of suspicions.values()) cancel()
      suspicions.clear()
      limit.clearQueue()
    },
  }
}
