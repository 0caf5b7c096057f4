import pLimit from 'p-limit'
import { bounds, cut, cutOrNull } from '../bounds.ts'
import type { ContainerUsage, Engine, EngineContainer } from '../docker/engine.types.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ContainerStats } from './node-stats.ts'

/** Each costs the Engine a request per sample. This limit keeps that below a tenth of a core, once a second. */
const mostMeasured = 200
/** More at once would make the Engine slow for everyone else. */
const parallel = 8

/** CPU usage needs two readings; `cpuPercent` is the mean between them. */
interface Reading {
  usage: ContainerUsage
  cpuPercent: number | null
}

/**
 * Reads the usage of every running container when asked to, which costs nothing in between. Streams of the Engine would send a sample
 * per container and second all the time, also when nobody looks.
 */
export function createContainerStats({ engine, log }: { engine: Pick<Engine, 'usage'>; log: Log }) {
  const inTurn = pLimit(parallel)
  const readings = new Map<string, Reading>()
  let containers: EngineContainer[] = []
  let saidTooMany = false
  let reading: Promise<void> | undefined

  const measured = (): EngineContainer[] => containers.slice(0, mostMeasured)

  async function read(id: string): Promise<void> {
    try {
      const usage = await engine.usage(id)
      const before = readings.get(id)
      if (usage === null || !containers.some((each) => each.id === id)) readings.delete(id)
      else readings.set(id, { usage, cpuPercent: cpuPercent(usage, before?.usage) })
    } catch (error) {
      readings.delete(id)
      log.debug({ container: id, error: errorMessage(error) }, 'container stats could not be read')
    }
  }

  const readAll = async (): Promise<void> => void (await Promise.all(measured().map(({ id }) => inTurn(() => read(id)))))

  return {
    /** Call this whenever the list of containers has changed. */
    setContainers(list: EngineContainer[]): void {
      containers = list.filter(({ state }) => state === 'running' || state === 'paused')
      const wanted = new Set(containers.map(({ id }) => id))
      for (const id of readings.keys()) if (!wanted.has(id)) readings.delete(id)
      const tooMany = containers.length > mostMeasured
      if (tooMany && !saidTooMany)
        log.warn({ running: containers.length, measured: mostMeasured }, 'more containers are running than are measured')
      saidTooMany = tooMany
    },

    /** Reads all of them. Never fails, and never runs twice at once: who asks meanwhile waits for the same. */
    read: (): Promise<void> => (reading ??= readAll().finally(() => (reading = undefined))),

    /** Each running container that has been read twice, in the order of the list. */
    latest: (): ContainerStats[] =>
      measured().flatMap(({ id, name, project, service, state }) => {
        const known = readings.get(id)
        if (typeof known?.cpuPercent !== 'number') return []
        const { cpuTime: _, systemTime: __, cores: ___, ...usage } = known.usage
        const appName = cutOrNull(project, bounds.container.service)
        const names = { id, name, appName, service: appName && cut(service, bounds.container.service) }
        return [{ ...names, state, cpuPercent: known.cpuPercent, ...usage }]
      }),

    /** Whether a running container needs a second reading before it can be shown. */
    hasNew: (): boolean => measured().some(({ id }) => (readings.get(id)?.cpuPercent ?? null) === null),

    /** How many running containers are not measured. */
    more: (): number => Math.max(0, containers.length - mostMeasured),
  }
}

/** 100 is one full core. Null when there is nothing to compare with, also because the container started again. */
function cpuPercent(now: ContainerUsage, before: ContainerUsage | undefined): number | null {
  if (!before || now.cpuTime < before.cpuTime) return null
  const system = now.systemTime - before.systemTime
  return system > 0 ? ((now.cpuTime - before.cpuTime) / system) * now.cores * 100 : 0
}
