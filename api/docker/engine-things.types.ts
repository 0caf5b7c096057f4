import type { ContainerInspectInfo } from 'dockerode'
import type { Container } from '../apps/app.ts'
import type { RegistryLogin } from './engine.types.ts'

/**
 * Everything on this node's Engine, whoever made it. Fails with DOCKER_UNAVAILABLE when the Engine does not answer, and with the
 * Engine's own words otherwise.
 */
export interface EngineThings {
  /** Follows the Engine's events about things until stopped; see Engine.watch. */
  watch(handlers: { onUp(): void; onDown(reason: string): void; onEvent(event: ThingEvent): void }): () => void
  containers(): Promise<ListedContainer[]>
  images(): Promise<ListedImage[]>
  volumes(): Promise<ListedVolume[]>
  networks(): Promise<ListedNetwork[]>
  /** As the Engine describes it; null when it no longer exists. */
  inspect(containerId: string): Promise<ContainerInspectInfo | null>
  /** Its processes, as `ps` lists them. @throws CONFLICT when it does not run */
  top(containerId: string): Promise<{ titles: string[]; rows: string[][] }>
  /** What takes how much of the disk. Reads the files of all volumes, so it can take long. */
  diskUsage(signal: AbortSignal): Promise<EngineDiskUsage>
  /** @throws NOT_FOUND, CONFLICT */
  act(containerId: string, action: EngineAction, signal: AbortSignal): Promise<void>
  /** The layers of every image, by its id, and the steps that made those in `withSteps`. One that goes meanwhile is left out. */
  layers(withSteps: ReadonlySet<string>): Promise<Map<string, ImageLayers>>
  /** Neither a container that has started meanwhile, nor volumes without a name. */
  removeStopped(id: string): Promise<void>
  /** Takes one name from an image, or removes it when it has no other. @throws NOT_FOUND, CONFLICT */
  removeImage(nameOrId: string): Promise<void>
  removeVolume(name: string): Promise<void>
  removeNetwork(id: string): Promise<void>
  /** Resolves when the image is here. `onProgress` is told of each layer. */
  pull(image: string, options: { login: RegistryLogin | null; signal: AbortSignal; onProgress(layer: PulledLayer): void }): Promise<void>
}

export type EngineAction = 'start' | 'stop' | 'restart' | 'kill' | 'pause' | 'unpause' | 'remove'

export interface ThingEvent {
  kind: 'container' | 'image' | 'volume' | 'network'
  id: string
  /** Docker's own word. */
  action: string
  /** Of a `kill`. */
  signal: string | null
}

export interface ListedContainer extends Container {
  imageId: string
  project: string | null
  workingDir: string | null
  networks: string[]
  volumes: string[]
}

export interface ListedImage {
  id: string
  tags: string[]
  digests: string[]
  sizeBytes: number
  createdAt: Date
}

/** What an image is made of, as `docker image inspect` and `docker history` say. */
export interface ImageLayers {
  /** Digests of its layers, the lowest first. */
  layers: readonly string[]
  /** Its steps, the first one first. Most that only change the configuration have no layer; all of those take 0 bytes. */
  steps: readonly { sizeBytes: number; madeBy: string }[]
}

export interface ListedVolume {
  name: string
  driver: string
  labels: Record<string, string>
  createdAt: Date | null
}

export interface ListedNetwork {
  id: string
  name: string
  driver: string
  subnets: string[]
  isInternal: boolean
  labels: Record<string, string>
  createdAt: Date
}

export interface EngineDiskUsage {
  /** All layers, each counted once. */
  imagesBytes: number
  buildCacheBytes: number
  /** What each container wrote, by id. */
  containers: Map<string, number>
  /** By name. Without those that Docker cannot measure. */
  volumes: Map<string, number>
}

export interface PulledLayer {
  id: string
  /** Docker's own words, such as `Downloading`. */
  status: string
  current: number | null
  total: number | null
}
