import type { AppSchedule } from './schedules/schedule.ts'
import type { AutoUpdate } from './images/auto-update.ts'
import type { ImageUpdate } from './images/image-update.ts'
import type { AppFileName, EnvironmentVariable } from './versions/version.ts'

/** An app as its node reports it. Made by `apps/` on the owning node; the primary's inventory keeps copies. */
export interface App {
  id: string
  nodeId: string
  name: string
  description: string | null
  composeContent: string
  /** Plain values only: those of secrets are null. */
  environment: EnvironmentVariable[]
  files: AppFileName[]
  profiles: string[]
  /** The number of the current version, 1 being what was created. It goes back when a failed change is rolled back by itself. */
  version: number
  /** Whether any of its files is missing on disk or differs there. */
  changedOnDisk: boolean
  /** Which ones: the Compose file's name and paths of `files`. Empty also for a node that does not say. */
  changedFiles: string[]
  /** What the app may do that the safety policy does not allow by itself. */
  allowances: Allowance[]
  desiredState: AppDesiredState
  status: AppStatus
  statusReason: string | null
  containers: Container[]
  /** How many containers are not listed. */
  moreContainers: number
  /** When its newest deploy was judged as failed after its operation had ended. Null otherwise, and once the app changes or its node's program ends. */
  deployFailedAt: Date | null
  /** Whether its services' images have updates. */
  imageUpdates: ImageUpdate[]
  /** When it is started, stopped or restarted by itself. */
  schedules: AppSchedule[]
  /** When its images are updated by themselves. Null: when someone asks. */
  autoUpdate: AutoUpdate | null
  /** When `status` and `containers` were last true. */
  asOf: Date
  createdAt: Date
  updatedAt: Date
}

/** What an administrator allowed one service of an app. It covers exactly this value. */
export interface Allowance {
  /** A rule of the safety policy, such as `capability`. Another version may know more rules. */
  rule: string
  /** Null when the rule says it all. */
  detail: string | null
  /** Empty for the whole app. */
  service: string
  /** A person's name, or `upgrade` for what an app had before there was a policy. */
  by: string
  at: Date
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

/** `unknown` stands for a state that only another version knows. */
export const appDesiredStates = ['running', 'stopped', 'unknown'] as const
export type AppDesiredState = (typeof appDesiredStates)[number]

/** Docker's own words. `unknown` stands for one that this version does not know. */
export const containerStates = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead', 'unknown'] as const
export type ContainerState = (typeof containerStates)[number]

export const containerHealths = ['starting', 'healthy', 'unhealthy', 'unknown'] as const
export type ContainerHealth = (typeof containerHealths)[number]

export interface Container {
  id: string
  name: string
  /** The Compose service it belongs to. */
  service: string
  image: string
  state: ContainerState
  /** Null when neither the image nor the service has a health check. */
  health: ContainerHealth | null
  /** Docker's status text without times, such as "Up" or "Exited (1)". Times like "2 minutes ago" go stale at once. */
  statusText: string
  exitCode: number | null
  /** When its process last started and ended; null when it never did, or when the node does not say. */
  startedAt: Date | null
  finishedAt: Date | null
  /** How often its restart policy has restarted it since it was last started by hand; null when unknown. */
  restartCount: number | null
  /**
   * False while it runs again after a restart by its restart policy, until it has run long enough to count as running. Null where
   * nobody watches for that: outside of apps, and on older nodes.
   */
  isSteady: boolean | null
  ports: PublishedPort[]
  /** How many published ports are not listed. */
  morePorts: number
  createdAt: Date
}

export interface PublishedPort {
  hostIp: string | null
  hostPort: number
  containerPort: number
  protocol: string
}
