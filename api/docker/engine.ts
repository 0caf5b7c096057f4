import Docker from 'dockerode'
import type { Clock } from '../clock.ts'
import { notFound } from '../errors.ts'
import type { Log } from '../log.ts'
import { composeLabels, toEngineContainer } from './container-mapping.ts'
import { withDeadline } from './deadline.ts'
import { dockerEndpoint, dockerUnavailable } from './endpoint.ts'
import type { ContainerEvent, Engine, EngineStatsSample } from './engine.types.ts'
import { watchEvents } from './event-watch.ts'
import { jsonLines } from './lines.ts'
import { hasPrevious, isOfStoppedContainer, toStatsSample, type RawStats } from './stats-sample.ts'

/** Long enough for an Engine with hundreds of containers on a busy disk; short enough that a stuck one shows. */
const answerWithinMs = 10_000

/** What changes how a container is shown. Left out are the three exec events that every health check makes. */
const followedEvents = ['create', 'start', 'restart', 'pause', 'unpause', 'stop', 'die', 'oom', 'rename', 'update', 'destroy', 'health_status']

/**
 * @param dockerHost as DOCKER_HOST spells it; without it the environment's, else the usual socket
 * @throws StartError when it is no address
 */
export function createEngine(options: { log: Log; clock: Clock; dockerHost?: string }): Engine {
  const endpoint = dockerEndpoint(options.dockerHost ?? process.env.DOCKER_HOST)
  // No pool: connecting costs little, and a pooled connection may belong to an Engine that is gone.
  const docker = new Docker({ ...endpoint.options, headers: { Connection: 'close' } })

  const ask = async <T>(request: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    try {
      return await withDeadline({ clock: options.clock, ms: answerWithinMs }, request)
    } catch (error) {
      throw dockerUnavailable(endpoint, error)
    }
  }
  const values = (stream: AsyncIterable<Uint8Array | string>): AsyncIterable<unknown> =>
    jsonLines(stream, (line) => options.log.warn({ line: line.slice(0, 200) }, 'Docker sent a line that is not JSON'))

  return {
    async info() {
      const info = await ask((signal) => systemInfo(docker, signal))
      return {
        version: info.ServerVersion,
        running: info.ContainersRunning,
        paused: info.ContainersPaused,
        stopped: info.ContainersStopped,
        images: info.Images,
      }
    },

    async containers() {
      const list = await ask((signal) => docker.listContainers({ all: true, abortSignal: signal }))
      return list.map(toEngineContainer)
    },

    watch(handlers) {
      const open = async (abortSignal: AbortSignal): Promise<AsyncIterable<ContainerEvent>> =>
        containerEvents(values(await docker.getEvents({ filters: { type: ['container'], event: followedEvents }, abortSignal })))
      return watchEvents(
        {
          open,
          ping: (abortSignal) => docker.listContainers({ limit: 1, abortSignal }),
          describe: (error) => dockerUnavailable(endpoint, error).message,
          clock: options.clock,
          log: options.log,
        },
        handlers,
      )
    },

    async *stats(containerId, signal) {
      if (signal.aborted) return
      try {
        const stream = await docker.getContainer(containerId).stats({ stream: true, abortSignal: signal })
        yield* samples(values(stream))
      } catch (error) {
        if (signal.aborted) return
        throw hasStatus(error, 404) ? notFound('container', containerId) : dockerUnavailable(endpoint, error)
      }
    },
  }
}

/** The part of `GET /info` that is read. */
interface SystemInfo {
  ServerVersion: string
  ContainersRunning: number
  ContainersPaused: number
  ContainersStopped: number
  Images: number
}

/** dockerode takes the signal here too; only its published types do not say so. */
const systemInfo = (docker: Docker, abortSignal: AbortSignal): Promise<SystemInfo> => Reflect.apply(docker.info, docker, [{ abortSignal }])

/** One message of `GET /events`, by the Engine API. Attributes are the labels of the container and a few names of Docker's own. */
interface EngineMessage {
  Action: string
  Actor: { ID: string; Attributes: Record<string, string> }
}

const isEngineMessage = (value: unknown): value is EngineMessage =>
  typeof value === 'object' && value !== null && 'Action' in value && 'Actor' in value

async function* containerEvents(messages: AsyncIterable<unknown>): AsyncGenerator<ContainerEvent> {
  for await (const message of messages) {
    if (!isEngineMessage(message)) continue
    const { ID: containerId, Attributes: labels } = message.Actor
    yield {
      containerId,
      action: message.Action,
      project: labels[composeLabels.project] ?? null,
      workingDir: labels[composeLabels.workingDir] ?? null,
    }
  }
}

async function* samples(messages: AsyncIterable<unknown>): AsyncGenerator<EngineStatsSample> {
  for await (const message of messages) {
    if (!isRawStats(message) || isOfStoppedContainer(message)) return
    if (hasPrevious(message)) yield toStatsSample(message)
  }
}

const isRawStats = (value: unknown): value is RawStats => typeof value === 'object' && value !== null

const hasStatus = (error: unknown, status: number): boolean => error instanceof Error && 'statusCode' in error && error.statusCode === status
