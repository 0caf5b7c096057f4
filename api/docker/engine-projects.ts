import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { composeLabels, toProjectContainer } from './container-mapping.ts'
import { withDeadline } from './deadline.ts'
import { changed, createEngineClient, hasStatus, type EngineClient } from './engine-client.ts'
import type { EngineProjects } from './engine.types.ts'

/** Measuring volumes reads all their files. Sizes are left out when that takes longer than a person waits for a dialog. */
const measureWithinMs = 4_000

/** @throws StartError when dockerHost is not an address */
export function createEngineProjects(options: { clock: Clock; dockerHost?: string }): EngineProjects {
  const client = createEngineClient(options)
  const { docker, ask } = client
  const change = (request: Promise<unknown>): Promise<void> => changed(client, request)
  let measuring: Promise<Map<string, number>> | undefined

  return {
    async parts(project) {
      const filters = { label: [`${composeLabels.project}=${project}`] }
      const [containers, networks, { Volumes: volumes }] = await Promise.all([
        ask((abortSignal) => docker.listContainers({ all: true, abortSignal })),
        ask((abortSignal) => docker.listNetworks({ filters, abortSignal })),
        ask((abortSignal) => docker.listVolumes({ filters: JSON.stringify(filters), abortSignal })),
      ])
      return {
        containers: containers.map(toProjectContainer),
        networks: networks.map(({ Id: id, Name: name }) => ({ id, name })),
        volumes: (volumes ?? []).map(({ Name: name }) => ({ name })),
      }
    },

    async volumeDrivers() {
      const { Volumes: volumes } = await ask((abortSignal) => docker.listVolumes({ abortSignal }))
      return new Map((volumes ?? []).map(({ Name: name, Driver: driver, Options: options }) => [name, { driver, options: options ?? {} }]))
    },

    stop: (id, abortSignal) => change(docker.getContainer(id).stop({ abortSignal })),

    start: (id, abortSignal) => change(docker.getContainer(id).start({ abortSignal })),

    rename: (id, name, abortSignal) => change(docker.getContainer(id).rename({ name, abortSignal })),

    removeContainer(id, { volumes, signal }) {
      const container = docker.getContainer(id)
      const removed = container.remove({ v: volumes, force: true, abortSignal: signal }).catch((error: unknown) => {
        // The container is already being removed.
        if (!hasStatus(error, 409)) throw error
        return container.wait({ condition: 'removed', abortSignal: signal })
      })
      return change(removed)
    },

    removeNetwork: (id, abortSignal) => change(docker.getNetwork(id).remove({ abortSignal })),

    removeVolume: (name, abortSignal) => change(docker.getVolume(name).remove({ abortSignal })),

    async networkNames() {
      return (await ask((abortSignal) => docker.listNetworks({ abortSignal }))).map(({ Name }) => Name)
    },

    async volumeNames() {
      const { Volumes: volumes } = await ask((abortSignal) => docker.listVolumes({ abortSignal }))
      return (volumes ?? []).map(({ Name }) => Name)
    },

    async createNetwork(name) {
      const named = await ask((abortSignal) => docker.listNetworks({ filters: { name: [name] }, abortSignal }))
      // The Engine's own check for repeated names can be passed by two requests at once.
      if (named.some(({ Name }) => Name === name)) throw nameTaken(name)
      let id = ''
      await change(docker.createNetwork({ Name: name, CheckDuplicate: true }).then((made) => (id = made.id)))
      return { id, name, driver: 'bridge' }
    },

    volumeBytes() {
      measuring ??= withDeadline({ clock: options.clock, ms: measureWithinMs }, (signal) => measureVolumes(client, signal))
        .catch(() => new Map<string, number>())
        .finally(() => (measuring = undefined))
      return measuring
    },
  }
}

const nameTaken = (name: string): AppError =>
  new AppError('CONFLICT', `This node already has a network named ${name}`, { fields: [{ field: 'name', message: 'is taken' }] })

/** The part of `GET /system/df` that is used. With `type=volume`, newer Engines do not measure images. */
interface DiskUsage {
  Volumes: { Name: string; UsageData: { Size: number } | null }[] | null
}

async function measureVolumes({ docker }: EngineClient, abortSignal: AbortSignal): Promise<Map<string, number>> {
  // dockerode's own `df` cannot pass `type`.
  const usage = await new Promise<DiskUsage>((resolve, reject) => {
    const request = { path: '/system/df?type=volume', method: 'GET', abortSignal, statusCodes: { 200: true } }
    docker.modem.dial(request, (error: Error | null, data) => (error ? reject(error) : resolve(data as DiskUsage)))
  })
  const sizes = (usage.Volumes ?? []).map(({ Name, UsageData }): [string, number] => [Name, UsageData?.Size ?? -1])
  return new Map(sizes.filter(([, size]) => size >= 0))
}
