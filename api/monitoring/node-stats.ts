import type { ComposePolicy } from '../apps/compose/policy/compose-policy.ts'
import type { ContainerState } from '../apps/app.ts'

/** One measurement, taken on the node itself. All sizes are in bytes. */
export interface NodeStats {
  nodeId: string
  asOf: Date
  cpu: { /** 0 to 100 over all cores. */ usagePercent: number; cores: number }
  memory: {
    totalBytes: number
    /** Total minus available. */ usedBytes: number
    availableBytes: number
    swapTotalBytes: number
    swapUsedBytes: number
  }
  disks: { mount: string; filesystem: string; totalBytes: number; usedBytes: number }[]
  /** How many more disks it has than the list shows. */
  moreDisks: number
  /** Bytes over its network interfaces since they came up, without those between containers; null if it is not known. */
  network: { receivedBytes: number; sentBytes: number } | null
  /** Load averages over 1, 5 and 15 minutes. */
  load: [number, number, number]
  uptimeSeconds: number
  docker: DockerStats
  /** Why the node cannot save anything, such as a full disk, and since when; null while it can, or does not say. */
  storageProblem: { reason: string; since: Date } | null
  /** How its scheduled backups go; null until the first one since its start, if one is due, or if the node's version does not say. */
  backups: BackupHealth | null
  /** Whether the safety policy for apps is on there; null if the node's version does not say. */
  composePolicy: ComposePolicy | null
  containers: ContainerStats[]
  /** How many running containers are not measured. */
  moreContainers: number
}

export interface BackupHealth {
  /** Why the last one could not be made, and since when that is so; null if it was made, or none are wanted. */
  problem: { reason: string; since: Date } | null
}

export interface DockerStats {
  available: boolean
  /** Why Docker does not answer; null if it does. */
  error: string | null
  version: string | null
  /** The Compose that deploys apps, such as "docker compose 2.26.1"; null if there is none or the node's version does not report it. */
  composeVersion: string | null
  running: number
  paused: number
  stopped: number
  images: number
}

export interface ContainerStats {
  id: string
  name: string
  /** The Compose project; null for containers that Compose did not create. */
  appName: string | null
  /** The Compose service; null where `appName` is, or if the node does not say. */
  service: string | null
  state: ContainerState
  /** 100 is one full core. */
  cpuPercent: number
  memoryBytes: number
  memoryLimitBytes: number
  networkRxBytes: number
  networkTxBytes: number
  blockReadBytes: number
  blockWriteBytes: number
}
