/** What one node says of one of its apps. `apps/` on the owning node makes it; the primary's inventory keeps copies. */
export interface App {
  id: string
  nodeId: string
  name: string
  description: string | null
  composeContent: string
  /** Counts the changes of the Compose file, from 1. */
  version: number
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

export const appStatuses = ['pending', 'running', 'stopped', 'updating', 'error', 'unknown'] as const
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
  /** What Docker says in words, such as "Up 3 minutes". */
  statusText: string
  exitCode: number | null
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
