import type { Container } from '../apps/app.ts'

/** What an Engine holds, managed by Selfhostly or not. */
export const thingKinds = ['container', 'image', 'volume', 'network'] as const
export type ThingKind = (typeof thingKinds)[number]

/** A container of a node, whoever made it. Lists are cut at limits; the rest is asked of the node when someone looks. */
export interface NodeContainer extends Container {
  imageId: string
  /** The Compose project; null for a container that Compose did not make. */
  project: string | null
  /** The app of this node that it belongs to. */
  appId: string | null
  /** By name. */
  networks: string[]
  volumes: string[]
  /** How it ended last, in words; null while it runs for the first time. */
  exitReason: string | null
  /** Selfhostly itself runs in it. */
  isSelf: boolean
}

export interface NodeImage {
  id: string
  /** Such as `nginx:1.27`. Names that hold an image for a rollback are in `heldFor`. */
  tags: string[]
  digests: string[]
  /** For whose rollback it is held, such as `shop/web v3`. */
  heldFor: string[]
  sizeBytes: number
  createdAt: Date
}

export interface NodeVolume {
  /** Its name. */
  id: string
  driver: string
  labels: ThingLabel[]
  /** Docker made it for a container, and nobody named it. */
  isAnonymous: boolean
  project: string | null
  appId: string | null
  /** Null when its driver does not say. */
  createdAt: Date | null
}

export interface NodeNetwork {
  id: string
  name: string
  driver: string
  subnets: string[]
  /** Has no way out. */
  isInternal: boolean
  /** Docker's own, which cannot be removed. */
  isBuiltIn: boolean
  project: string | null
  appId: string | null
  createdAt: Date
}

export interface ThingLabel {
  name: string
  value: string
}

/** The type of each kind. */
export interface ThingOf {
  container: NodeContainer
  image: NodeImage
  volume: NodeVolume
  network: NodeNetwork
}

export type Thing = ThingOf[ThingKind]

/** Things that changed, by kind. */
export type ChangedThing = { [Kind in ThingKind]: { kind: Kind; thing: ThingOf[Kind] } }[ThingKind]

export const containerActions = ['start', 'stop', 'restart', 'kill', 'pause', 'unpause', 'remove'] as const
export type ContainerAction = (typeof containerActions)[number]

export const pruneKinds = ['containers', 'images', 'volumes', 'networks'] as const
export type PruneKind = (typeof pruneKinds)[number]

export interface PruneItem {
  id: string
  name: string
  /** Null when it was not measured. */
  sizeBytes: number | null
  /** What becomes free when only this goes: an image shares layers with others. Null when it was not measured. */
  freesBytes: number | null
  /** What a person should know, such as `stopped 3 weeks ago`. */
  detail: string | null
  /** Someone gave it a name, so its data may be wanted. Only volumes. */
  isNamedData: boolean
}

/** What a prune removes, or has removed. */
export interface PruneResult {
  isPreview: boolean
  items: PruneItem[]
  /** How many more there are than the list shows. They stay. */
  more: number
  /** Bytes that become free when all items go, a shared layer counted once. */
  freedBytes: number
  /** How many items are not in `freedBytes`, because they were not measured. */
  unmeasured: number
  /** What was meant to go and stays, and why. */
  kept: { name: string; reason: string }[]
}

/** What is too much for a list. */
export interface ContainerDetails {
  command: string | null
  mounts: { kind: string; source: string; target: string; isReadOnly: boolean }[]
  networks: { name: string; address: string | null; aliases: string[] }[]
  /** Names only. */
  environment: string[]
  labels: ThingLabel[]
  restartPolicy: string | null
  /** Null without a limit. */
  memoryLimitBytes: number | null
  health: { failingStreak: number; lastOutput: string | null; lastExitCode: number | null; lastAt: Date | null } | null
}

export interface ContainerProcesses {
  titles: string[]
  rows: string[][]
  more: number
}

export interface DiskUsage {
  asOf: Date
  imagesBytes: number
  containersBytes: number
  volumesBytes: number
  buildCacheBytes: number
  volumes: { name: string; sizeBytes: number }[]
  /** What each container wrote. */
  containers: { id: string; sizeBytes: number }[]
}
