import type { ContainerState } from '../apps/app.ts'

/** One measurement of one node, taken on it. All sizes are bytes. */
export interface NodeStats {
  nodeId: string
  asOf: Date
  cpu: { /** 0 to 100 over all cores. */ usagePercent: number; cores: number }
  memory: {
    totalBytes: number
    /** Total less what could be given to a program. */ usedBytes: number
    availableBytes: number
    swapTotalBytes: number
    swapUsedBytes: number
  }
  disks: { mount: string; filesystem: string; totalBytes: number; usedBytes: number }[]
  /** How many more it has than are listed. */
  moreDisks: number
  /** Load averages over 1, 5 and 15 minutes. */
  load: [number, number, number]
  uptimeSeconds: number
  docker: DockerStats
  containers: ContainerStats[]
  /** How many more run than are measured. */
  moreContainers: number
}

export interface DockerStats {
  available: boolean
  /** Why Docker does not answer; null when it does. */
  error: string | null
  version: string | null
  /** What deploys apps, such as "docker compose 2.26.1"; null when there is none, or the node is of a version that does not say it. */
  composeVersion: string | null
  running: number
  paused: number
  stopped: number
  images: number
}

export interface ContainerStats {
  id: string
  name: string
  /** The Compose project, for containers that Compose made. */
  appName: string | null
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
