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

export type LocalMonitor = ReturnType<typeof createLocalMonitor>

interface Dependencies {
  nodeId: string
  engine: Engine
  /** The Compose version that deploys apps here; null if it is not known. */
  composeVersion: () => string | null
  /** Why nothing can be saved here. */
  storageProblem: () => NodeStats['storageProblem']
  composePolicy: ComposePolicy
  clock: Clock
  log: Log
  /** Wait between the end of one sample and the start of the next. */
  intervalMs?: number
  /** Maximum age of a sample that `current` returns. Defaults to the interval. */
  cacheMs?: number
}

/**
 * Stats of the node that this process runs on, sampled while started. It does not watch Docker itself: the process's one
 * watcher reports what is running (`setContainers`) and whether the Engine answers (`dockerUp`, `dockerDown`).
 */
export function createLocalMonitor(deps: Dependencies) {
  const { nodeId, engine, composeVersion, clock, log, intervalMs = 5000, cacheMs = intervalMs } = deps
  const host = createHostSampler({ clock })
  const readDocker = createDockerStats({ engine, clock, log, composeVersion })
  const listeners = new Set<(stats: NodeStats) => void>()
  let containers: EngineContainer[] = []
  let streams: ReturnType<typeof createContainerStats> | undefined
  let downReason: string | null = null
  let newest: NodeStats | undefined
  let sampling: Promise<NodeStats> | undefined
  let cancelNext: (() => void) | undefined

  async function measure(): Promise<NodeStats> {
    const [hostStats, docker] = await Promise.all([host.sample(), readDocker(downReason)])
    return {
      nodeId,
      asOf: clock.now(),
      ...hostStats,
      docker,
      storageProblem: boundedProblem(deps.storageProblem()),
      composePolicy: deps.composePolicy,
      containers: docker.available ? (streams?.latest() ?? []) : [],
      moreContainers: docker.available ? (streams?.more() ?? 0) : 0,
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

  async function sampleThenWait(run: NonNullable<typeof streams>): Promise<void> {
    await sample().catch((error: unknown) => log.warn({ error: errorMessage(error) }, 'could not measure node stats'))
    if (streams === run) cancelNext = clock.after(intervalMs, () => void sampleThenWait(run))
  }

  const syncStreams = (): void => streams?.sync(downReason === null ? containers : [])

  return {
    start(): void {
      if (streams) return
      streams = createContainerStats({ engine, log })
      syncStreams()
      void sampleThenWait(streams)
    },

    /** Ends the streams and drops all listeners. Resolves when the last stream has ended. */
    async stop(): Promise<void> {
      const running = streams
      streams = undefined
      cancelNext?.()
      cancelNext = undefined
      listeners.clear()
      await running?.stop()
    },

    /** The newest sample, or a new one if that is older than `cacheMs`. Concurrent callers share one. */
    async current(): Promise<NodeStats> {
      const isFresh = newest && clock.now().getTime() - newest.asOf.getTime() <= cacheMs
      return newest && isFresh ? newest : sample()
    },

    /** @returns a function that unsubscribes */
    onSample(listener: (stats: NodeStats) => void): () => void {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },

    /** Call this with all containers whenever they have changed. */
    setContainers(list: EngineContainer[]): void {
      containers = list
      syncStreams()
    },

    dockerUp(): void {
      downReason = null
      syncStreams()
    },

    dockerDown(reason: string): void {
      downReason = reason
      syncStreams()
    },

    /** Number of open streams and listeners, for tests. */
    open: () => ({ streams: streams?.streamCount() ?? 0, listeners: listeners.size }),
  }
}

const boundedProblem = (problem: NodeStats['storageProblem']): NodeStats['storageProblem'] =>
  problem && { reason: cut(problem.reason, bounds.stats.storageReason), since: problem.since }
