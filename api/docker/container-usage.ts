import type { BlkioStats, ContainerStats } from 'dockerode'
import type { ContainerUsage } from './engine.types.ts'

/** Every field is optional: an Engine sends none for a stopped container, and some depend on the cgroup version. */
export type RawStats = Partial<Omit<ContainerStats, 'cpu_stats' | 'precpu_stats' | 'memory_stats'>> & {
  cpu_stats?: RawCpu
  memory_stats?: { usage?: number; limit?: number; stats?: { total_inactive_file?: number; inactive_file?: number } }
}

interface RawCpu {
  cpu_usage?: { total_usage?: number; percpu_usage?: number[] | null }
  system_cpu_usage?: number
  online_cpus?: number
}

/** For a stopped container the Engine sends an empty answer with Go's zero time. */
const isOfStoppedContainer = (raw: RawStats): boolean => raw.read === undefined || raw.read.startsWith('0001-')

/** The same arithmetic as `docker stats` (docker/cli, cli/command/container/stats_helpers.go). Null for a stopped container. */
export function toContainerUsage(raw: RawStats): ContainerUsage | null {
  if (isOfStoppedContainer(raw)) return null
  const networks = Object.values(raw.networks ?? {})
  const cpu = raw.cpu_stats ?? {}
  return {
    cpuTime: cpu.cpu_usage?.total_usage ?? 0,
    systemTime: cpu.system_cpu_usage ?? 0,
    cores: cpu.online_cpus ?? cpu.cpu_usage?.percpu_usage?.length ?? 1,
    memoryBytes: memoryBytes(raw.memory_stats ?? {}),
    memoryLimitBytes: raw.memory_stats?.limit ?? 0,
    networkRxBytes: sum(networks.map((network) => network.rx_bytes)),
    networkTxBytes: sum(networks.map((network) => network.tx_bytes)),
    blockReadBytes: blockBytes(raw.blkio_stats, 'read'),
    blockWriteBytes: blockBytes(raw.blkio_stats, 'write'),
  }
}

/** Excludes the page cache that the kernel can reclaim: `total_inactive_file` in cgroup v1, `inactive_file` in v2. */
function memoryBytes({ usage = 0, stats = {} }: NonNullable<RawStats['memory_stats']>): number {
  const cache = stats.total_inactive_file ?? stats.inactive_file ?? 0
  return cache < usage ? usage - cache : usage
}

/** `op` is "Read" in cgroup v1 and "read" in v2. */
function blockBytes(stats: BlkioStats | undefined, op: 'read' | 'write'): number {
  const entries = stats?.io_service_bytes_recursive ?? []
  return sum(entries.filter((entry) => entry.op.toLowerCase() === op).map((entry) => entry.value))
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0)
