import { bounds, cut } from '../bounds.ts'
import type { ComposePolicy } from '../apps/compose/policy/compose-policy.ts'
import type { Clock } from '../clock.ts'
import type { Engine, EngineContainer } from '../docker/engine.types.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import { createContainerStats } from './container-stats.ts'
import { createDockerStats } from './engine-state.ts'
import { createHostSampler } from './host-stats.ts'
import type { NodeStats } from './node-stats.ts'
import { createPace } from './pace.ts'

/** A health check waits 5 s for this node's stats. An Engine that hangs must not make the node look dead. */
const containersWithinMs = 3000

export type LocalMonitor = ReturnType<typeof createLocalMonitor>

interface Dependencies {
  nodeId: string
  engine: Engine
  /** The Compose version that deploys apps here; null if it is not known. */
  composeVersion: () => string | null
  /** Why nothing can be saved here. */
  storageProblem: () => NodeStats['storageProblem']
  backups: () => NodeStats['backups']
  composePolicy: ComposePolicy
  clock: Clock
  log: Log
  /** From one sample to the next while nobody watches. */
  intervalMs?: number
}

/**
 * Stats of the node that this process runs on, sampled while started. It does not watch Docker itself: the process's one
 * watcher reports what is running (`setContainers`) and whether the Engine answers (`dockerUp`, `dockerDown`).
 */
export function createLocalMonitor(deps: Dependencies) {
  const { nodeId, engine, composeVersion, clock, log, intervalMs = 30_000 } = deps
  const host = createHostSampler({ clock })
  const readDocker = createDockerStats({ engine, clock, log, composeVersion })
  const containers = createContainerStats({ engine, log })
  const listeners = new Set<(stats: NodeStats) => void>()
  let downReason: string | null = null
  let newest: NodeStats | undefined
  let sampling: Promise<NodeStats> | undefined
  const pace = createPace({
    intervalMs,
    clock,
    async act() {
      await sample().catch((error: unknown) => log.warn({ error: errorMessage(error) }, 'could not measure node stats'))
      return downReason === null && containers.hasNew()
    },
  })

  /** Waits for an Engine that hangs only for a while; then the last readings count. */
  async function readContainers(): Promise<void> {
    if (downReason !== null) return
    const late = Promise.withResolvers<void>()
    const cancel = clock.after(containersWithinMs, late.resolve)
    await Promise.race([containers.read(), late.promise]).finally(cancel)
  }

  async function measure(): Promise<NodeStats> {
    const [hostStats, docker] = await Promise.all([host.sample(), readDocker(downReason), readContainers()])
    return {
      nodeId,
      asOf: clock.now(),
      ...hostStats,
      docker,
      storageProblem: boundedProblem(deps.storageProblem()),
      backups: boundedBackups(deps.backups()),
      composePolicy: deps.composePolicy,
      containers: docker.available ? containers.latest() : [],
      moreContainers: docker.available ? containers.more() : 0,
    }
  }

  async function take(): Promise<NodeStats> {
    const stats = await measure()
    newest = stats
    for (const listener of listeners) tell(listener, stats)
    return stats
  }

  /** If one listener fails, that must not affect the other listeners or the caller that asked for the sample. */
  function tell(listener: (stats: NodeStats) => void, stats: NodeStats): void {
    try {
      listener(stats)
    } catch (error) {
      log.error({ error: errorMessage(error) }, 'a listener for node stats failed')
    }
  }

  const sample = (): Promise<NodeStats> => (sampling ??= take().finally(() => (sampling = undefined)))

  return {
    start: pace.start,

    /** Drops all listeners. */
    async stop(): Promise<void> {
      pace.stop()
      listeners.clear()
      await sampling?.catch(() => undefined)
    },

    /** Somebody looks at this node for so long: it is measured every second. */
    watch: pace.hurry,

    /** Something changed that the next sample says; it is taken now. */
    changed: pace.soon,

    /** The newest sample, or a new one if that is older than the interval. Concurrent callers share one. */
    async current(): Promise<NodeStats> {
      const isFresh = newest && clock.now().getTime() - newest.asOf.getTime() <= intervalMs
      return newest && isFresh ? newest : sample()
    },

    /** @returns a function that unsubscribes */
    onSample(listener: (stats: NodeStats) => void): () => void {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },

    /** Call this with all containers whenever they have changed. */
    setContainers: (list: EngineContainer[]): void => containers.setContainers(list),

    dockerUp(): void {
      const isNews = downReason !== null
      downReason = null
      if (isNews) pace.soon()
    },

    dockerDown(reason: string): void {
      const isNews = downReason === null
      downReason = reason
      if (isNews) pace.soon()
    },

    /** Number of listeners, for tests. */
    listeners: (): number => listeners.size,
  }
}

const boundedProblem = (problem: NodeStats['storageProblem']): NodeStats['storageProblem'] =>
  problem && { reason: cut(problem.reason, bounds.stats.storageReason), since: problem.since }

const boundedBackups = (backups: NodeStats['backups']): NodeStats['backups'] => backups && { problem: boundedProblem(backups.problem) }
