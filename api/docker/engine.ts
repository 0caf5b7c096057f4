import type Docker from 'dockerode'
import type { ContainerInspectInfo, ImageInspectInfo } from 'dockerode'
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { toContainerDetails, toEngineContainer, toEngineImage } from './container-mapping.ts'
import { toContainerSetup } from './container-setup.ts'
import { dockerUnavailable } from './docker-endpoint.ts'
import { createEngineClient, hasStatus, inspectContainer, statusOf } from './engine-client.ts'
import { toContainerUsage } from './container-usage.ts'
import { containerEvents } from './engine-messages.ts'
import type { ContainerEvent, Engine, InsecureRegistries } from './engine.types.ts'
import { logLines } from './log-frames.ts'
import { watchEvents } from './event-watch.ts'
import { jsonLines } from './lines.ts'

/** Events that change how a container is shown. The three exec events of every health check are left out. */
const followedEvents = [
  'create',
  'start',
  'restart',
  'pause',
  'unpause',
  'stop',
  'kill',
  'die',
  'oom',
  'rename',
  'update',
  'destroy',
  'health_status',
]

/**
 * @param dockerHost in the form of DOCKER_HOST; defaults to DOCKER_HOST from the environment, then to the usual socket
 * @throws StartError when it is not an address
 */
export function createEngine(options: { log: Log; clock: Clock; dockerHost?: string }): Engine {
  const client = createEngineClient(options)
  const { docker, endpoint, ask } = client
  const values = (stream: AsyncIterable<Uint8Array | string>): AsyncIterable<unknown> =>
    jsonLines(stream, (line) => options.log.warn({ line: line.slice(0, 200) }, 'Docker sent a line that is not JSON'))

  const image = (nameOrId: string): Promise<ImageInspectInfo | null> =>
    ask(async (abortSignal) =>
      imageInspect(docker, nameOrId, abortSignal).catch((error: unknown) => {
        // 400 for what cannot be a name.
        if (hasStatus(error, 404) || hasStatus(error, 400)) return null
        throw error
      }),
    )
  const inspect = (containerId: string): Promise<ContainerInspectInfo | null> => inspectContainer(client, containerId)

  return {
    async info() {
      const info = await ask((signal) => systemInfo(docker, signal))
      return {
        version: info.ServerVersion,
        running: info.ContainersRunning,
        paused: info.ContainersPaused,
        stopped: info.ContainersStopped,
        images: info.Images,
        insecureRegistries: insecureRegistries(info.RegistryConfig),
      }
    },

    async containers() {
      const list = await ask((signal) => docker.listContainers({ all: true, abortSignal: signal }))
      return list.map(toEngineContainer)
    },

    async image(nameOrId) {
      const answer = await image(nameOrId)
      return answer && toEngineImage(answer)
    },

    async details(containerId) {
      const answer = await inspect(containerId)
      return answer && toContainerDetails(answer)
    },

    async setup(containerId) {
      const answer = await inspect(containerId)
      return answer && toContainerSetup(answer, await image(answer.Image))
    },

    watch({ onUp, onDown, onContainerEvent }) {
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
        { onUp, onDown, onEvent: onContainerEvent },
      )
    },

    async lastLines(containerId, count) {
      const read = (abortSignal: AbortSignal): Promise<Buffer> =>
        docker.getContainer(containerId).logs({ stdout: true, stderr: true, follow: false, tail: count, abortSignal })
      try {
        return logLines(await ask(read))
      } catch (error) {
        if (error instanceof Error && statusOf(error.cause) !== undefined) return []
        throw error
      }
    },

    async usage(containerId) {
      const container = docker.getContainer(containerId)
      const raw = await ask(async (abortSignal) => {
        // Without "one-shot", an Engine waits a second for a second sample.
        const once = { stream: false as const, 'one-shot': true, abortSignal }
        return container.stats(once).catch((error: unknown) => {
          if (hasStatus(error, 404) || hasStatus(error, 409)) return null
          throw error
        })
      })
      return raw && toContainerUsage(raw)
    },
  }
}

/** dockerode accepts a signal here too, but its published types do not say so. */
const imageInspect = (docker: Docker, name: string, abortSignal: AbortSignal): Promise<ImageInspectInfo> => {
  const image = docker.getImage(name)
  return Reflect.apply(image.inspect, image, [{ abortSignal }])
}

/** The part of `GET /info` that is used. */
interface SystemInfo {
  ServerVersion: string
  ContainersRunning: number
  ContainersPaused: number
  ContainersStopped: number
  Images: number
  RegistryConfig?: { InsecureRegistryCIDRs?: string[] | null; IndexConfigs?: Record<string, { Secure?: boolean }> | null } | null
}

const insecureRegistries = (config: SystemInfo['RegistryConfig']): InsecureRegistries => ({
  names: Object.entries(config?.IndexConfigs ?? {}).flatMap(([name, { Secure }]) => (Secure === false ? name.toLowerCase() : [])),
  networks: config?.InsecureRegistryCIDRs ?? [],
})

/** dockerode accepts a signal here too, but its published types do not say so. */
const systemInfo = (docker: Docker, abortSignal: AbortSignal): Promise<SystemInfo> => Reflect.apply(docker.info, docker, [{ abortSignal }])
