/** What one node says of one of its apps. `apps/` on the owning node makes it; the primary's inventory keeps copies. */
export interface App {
  id: string
  nodeId: string
  name: string
  description: string | null
  composeContent: string
  /** Counts the changes of the Compose file, from 1. */
  version: number
  /** The Compose file on disk is another one than `composeContent`, or is not there. */
  changedOnDisk: boolean
  desiredState: AppDesiredState
  status: AppStatus
  statusReason: string | null
  containers: Container[]
  /** How many more it has than are listed. */
  moreContainers: number
  /** When `status` and `containers` were last true. */
  asOf: Date
  createdAt: Date
  updatedAt: Date
}

export const appStatuses = [
  'pending',
  'starting',
  'running',
  'degraded',
  'stopping',
  'stopped',
  'updating',
  'removing',
  'error',
  'unknown',
] as const
export type AppStatus = (typeof appStatuses)[number]

/** `unknown` is what an app of a node of another version may be wanted to be. */
export const appDesiredStates = ['running', 'stopped', 'unknown'] as const
export type AppDesiredState = (typeof appDesiredStates)[number]

/** Docker's words; `unknown` stands for one that this version does not know. */
export const containerStates = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead', 'unknown'] as const
export type ContainerState = (typeof containerStates)[number]

export const containerHealths = ['starting', 'healthy', 'unhealthy', 'unknown'] as const
export type ContainerHealth = (typeof containerHealths)[number]

export interface Container {
  id: string
  name: string
  /** The Compose service that it runs. */
  service: string
  image: string
  state: ContainerState
  /** Null where the image or the service has no health check. */
  health: ContainerHealth | null
  /** What Docker says in words, without its times, such as "Up" or "Exited (1)": times in words are wrong as soon as they are read. */
  statusText: string
  exitCode: number | null
  /** When its process began and ended the last time; null when it never did, and from nodes that do not say. */
  startedAt: Date | null
  finishedAt: Date | null
  /** How often its restart policy has started it again since somebody did; null where that is not known. */
  restartCount: number | null
  ports: PublishedPort[]
  /** How many more it publishes than are listed. */
  morePorts: number
  createdAt: Date
}

export interface PublishedPort {
  hostIp: string | null
  hostPort: number
  containerPort: number
  protocol: string
}
