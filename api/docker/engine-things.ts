import { Readable } from 'node:stream'
import type Docker from 'dockerode'
import type { Clock } from '../clock.ts'
import { AppError, errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import { withDeadline } from './deadline.ts'
import { dockerUnavailable } from './docker-endpoint.ts'
import { changed, createEngineClient, hasStatus, inspectContainer, type EngineClient } from './engine-client.ts'
import type { EngineAction, EngineDiskUsage, EngineThings, ImageLayers, PulledLayer, ThingEvent } from './engine-things.types.ts'
import { pullFault, startFault } from './engine-words.ts'
import type { RegistryLogin } from './engine.types.ts'
import { watchEvents } from './event-watch.ts'
import { jsonLines } from './lines.ts'
import { listImages } from './list-images.ts'
import { toListedContainer, toListedImage, toListedNetwork, toListedVolume } from './thing-mapping.ts'

/** Events that change a list. The three exec events of every health check are left out. */
const followedEvents = [
  ...['create', 'start', 'restart', 'pause', 'unpause', 'stop', 'die', 'kill', 'oom', 'rename', 'update', 'destroy', 'health_status'],
  ...['pull', 'tag', 'untag', 'delete', 'import', 'load', 'connect', 'disconnect', 'prune'],
]

/** @throws StartError when dockerHost is not an address */
export function createEngineThings(options: { clock: Clock; log: Log; dockerHost?: string }): EngineThings {
  const client = createEngineClient(options)
  const { docker, endpoint, ask } = client
  /** @throws NOT_FOUND as well, with the Engine's words */
  const change = (request: Promise<unknown>): Promise<void> => changed(client, request, [304]).catch(toNotFound)

  return {
    watch: ({ onUp, onDown, onEvent }) =>
      watchEvents(
        {
          open: async (abortSignal) => thingEvents(await openEvents(docker, abortSignal), options.log),
          ping: (abortSignal) => docker.listContainers({ limit: 1, abortSignal }),
          describe: (error) => dockerUnavailable(endpoint, error).message,
          clock: options.clock,
          log: options.log,
        },
        { onUp, onDown, onEvent },
      ),

    containers: async () => (await ask((abortSignal) => docker.listContainers({ all: true, abortSignal }))).map(toListedContainer),
    images: async () => (await ask((abortSignal) => listImages(docker, { abortSignal }))).map(toListedImage),
    async volumes() {
      const { Volumes: volumes } = await ask((abortSignal) => docker.listVolumes({ abortSignal }))
      return (volumes ?? []).map(toListedVolume)
    },
    networks: async () => (await ask((abortSignal) => docker.listNetworks({ abortSignal }))).map(toListedNetwork),

    inspect: (id) => inspectContainer(client, id),

    async top(id) {
      const top = docker.getContainer(id).top()
      await change(withDeadline({ clock: options.clock, ms: 10_000 }, () => top))
      const { Titles: titles, Processes: rows } = (await top) as { Titles: string[]; Processes: string[][] | null }
      return { titles, rows: rows ?? [] }
    },

    async diskUsage(signal) {
      for (;;) {
        const usage = await diskUsage(client, signal)
        if (usage) return usage
        await new Promise<void>((resolve) => options.clock.after(busyWaitMs, resolve))
      }
    },
    layers: (withSteps) => layersOf(client, withSteps),
    act: (id, action, signal) => change(carryOut(docker.getContainer(id), action, signal)),
    removeStopped: (id) => change(docker.getContainer(id).remove()),
    removeImage: (name) => change(docker.getImage(name).remove()),
    removeVolume: (name) => change(docker.getVolume(name).remove()),
    removeNetwork: (id) => change(docker.getNetwork(id).remove()),
    pull: (image, { login, signal, onProgress }) => pull(client, options.log, image, { login, signal, onProgress }),
  }
}

function carryOut(container: Docker.Container, action: EngineAction, abortSignal: AbortSignal): Promise<unknown> {
  switch (action) {
    case 'start':
      return container.start({ abortSignal })
    case 'stop':
      return container.stop({ abortSignal })
    case 'restart':
      return container.restart({ abortSignal })
    case 'kill':
      return container.kill({ abortSignal })
    case 'pause':
      return container.pause({ abortSignal })
    case 'unpause':
      return container.unpause({ abortSignal })
    case 'remove':
      return container.remove({ v: true, force: true, abortSignal })
  }
}

/** What does not exist is a CONFLICT to `changed`. */
function toNotFound(error: unknown): never {
  if (error instanceof AppError && error.code === 'CONFLICT') {
    if (hasStatus(error.cause, 404)) throw new AppError('NOT_FOUND', startFault(error.message), { cause: error })
    throw new AppError('CONFLICT', startFault(error.message), { cause: error })
  }
  throw error
}

const openEvents = async (docker: Docker, abortSignal: AbortSignal): Promise<AsyncIterable<Uint8Array | string>> =>
  docker.getEvents({ filters: { type: ['container', 'image', 'volume', 'network'], event: followedEvents }, abortSignal })

interface EngineMessage {
  Type: string
  Action: string
  Actor: { ID: string; Attributes?: Record<string, string> }
}

const kinds = ['container', 'image', 'volume', 'network'] as const
const isEngineMessage = (value: unknown): value is EngineMessage =>
  typeof value === 'object' && value !== null && 'Type' in value && 'Action' in value && 'Actor' in value

async function* thingEvents(stream: AsyncIterable<Uint8Array | string>, log: Log): AsyncGenerator<ThingEvent> {
  for await (const message of jsonLines(stream, (line) => log.warn({ line: line.slice(0, 200) }, 'Docker sent a line that is not JSON'))) {
    if (!isEngineMessage(message)) continue
    const kind = kinds.find((each) => each === message.Type)
    if (kind) yield { kind, id: message.Actor.ID, action: message.Action, signal: message.Actor.Attributes?.['signal'] ?? null }
  }
}

/** So many images are asked about at once. */
const imagesAtOnce = 8

async function layersOf({ docker, ask }: EngineClient, withSteps: ReadonlySet<string>): Promise<Map<string, ImageLayers>> {
  const ids = (await ask((abortSignal) => listImages(docker, { abortSignal }))).map(({ Id }) => Id)
  const found = new Map<string, ImageLayers>()
  const readNext = async (): Promise<void> => {
    for (let id = ids.shift(); id !== undefined; id = ids.shift()) {
      const image = docker.getImage(id)
      const about = await ask(() => unlessGone(image.inspect()))
      const steps = withSteps.has(id) ? await ask(() => unlessGone(image.history())) : []
      if (about && steps) found.set(id, { layers: about.RootFS.Layers ?? [], steps: steps.toReversed().map(toStep) })
    }
  }
  await Promise.all(Array.from({ length: imagesAtOnce }, readNext))
  return found
}

const toStep = ({ Size, CreatedBy }: { Size: number; CreatedBy: string }) => ({ sizeBytes: Math.max(0, Size), madeBy: CreatedBy })
const unlessGone = <T>(answer: Promise<T>): Promise<T | null> =>
  answer.catch((error: unknown) => {
    if (hasStatus(error, 404)) return null
    throw error
  })

/** Short beside a measurement, long beside the question. */
const busyWaitMs = 300

/** The parts of `GET /system/df` that are used. */
interface DiskUsage {
  LayersSize?: number
  Containers?: { Id: string; SizeRw?: number }[] | null
  Volumes?: { Name: string; UsageData?: { Size: number } | null }[] | null
  BuildCache?: { Size: number; Shared?: boolean }[] | null
}

/** Null while the Engine measures for someone else: it does so for one at a time, and refuses the others. */
async function diskUsage({ docker, endpoint }: EngineClient, abortSignal: AbortSignal): Promise<EngineDiskUsage | null> {
  const usage: DiskUsage | null = await Reflect.apply(docker.df, docker, [{ abortSignal }]).catch((error: unknown) => {
    if (!abortSignal.aborted && errorMessage(error).includes('disk usage operation is already running')) return null
    throw dockerUnavailable(endpoint, error)
  })
  if (!usage) return null
  const volumes = (usage.Volumes ?? []).map(({ Name, UsageData }): [string, number] => [Name, UsageData?.Size ?? -1])
  return {
    imagesBytes: usage.LayersSize ?? 0,
    buildCacheBytes: (usage.BuildCache ?? []).reduce((sum, { Size, Shared }) => sum + (Shared ? 0 : Size), 0),
    containers: new Map((usage.Containers ?? []).map(({ Id, SizeRw }) => [Id, SizeRw ?? 0])),
    volumes: new Map(volumes.filter(([, size]) => size >= 0)),
  }
}

interface PullMessage {
  id?: string
  status?: string
  error?: string
  progressDetail?: { current?: number; total?: number }
}
const isPullMessage = (value: unknown): value is PullMessage => typeof value === 'object' && value !== null

async function pull(
  client: EngineClient,
  log: Log,
  image: string,
  given: { login: RegistryLogin | null; signal: AbortSignal; onProgress(layer: PulledLayer): void },
): Promise<void> {
  const { login, signal: abortSignal } = given
  const authconfig = login && { username: login.username, password: login.password, serveraddress: login.registry }
  const request: Promise<NodeJS.ReadableStream> = client.docker.pull(image, { abortSignal, ...(authconfig && { authconfig }) })
  const fail = (why: string): never => {
    throw new AppError('CONFLICT', `Could not pull ${image}: ${pullFault(why) ?? why}`)
  }
  await changed(client, request, []).catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'CONFLICT') fail(errorMessage(error))
    throw error
  })
  const stream = Readable.from(await request)
  for await (const message of jsonLines(stream, (line) => log.warn({ line: line.slice(0, 200) }, 'Docker sent a line that is not JSON'))) {
    if (!isPullMessage(message)) continue
    if (message.error) fail(message.error)
    const { id, status, progressDetail: at } = message
    if (status) given.onProgress({ id: id ?? '', status, current: at?.current ?? null, total: at?.total ?? null })
  }
}
