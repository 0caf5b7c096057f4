import { readFile } from 'node:fs/promises'
import os from 'node:os'

/** CPU time over all cores since boot. The unit depends on the platform, so only ratios between two readings are meaningful. */
export interface CpuTimes {
  busy: number
  total: number
  cores: number
}

/** Reads /proc/stat on Linux, because `os.cpus()` leaves out I/O wait and blocks while it reads a file per core. */
export const readCpuTimes = async (): Promise<CpuTimes> =>
  process.platform === 'linux' ? parseProcStat(await readFile('/proc/stat', 'utf8')) : cpuTimesOfRuntime()

/** Format: proc(5), "/proc/stat". Guest time is already included in user time. */
export function parseProcStat(text: string): CpuTimes {
  const lines = text.split('\n').filter((line) => line.startsWith('cpu'))
  const [user = 0, nice = 0, system = 0, idle = 0, ioWait = 0, irq = 0, softIrq = 0, steal = 0] = (lines[0] ?? '')
    .split(/\s+/)
    .slice(1)
    .map(Number)
  const busy = user + nice + system + irq + softIrq + steal
  return { busy, total: busy + idle + ioWait, cores: lines.length - 1 }
}

function cpuTimesOfRuntime(): CpuTimes {
  const cpus = os.cpus()
  const sum = (pick: (times: os.CpuInfo['times']) => number) => cpus.reduce((total, cpu) => total + pick(cpu.times), 0)
  const busy = sum(({ user, nice, sys, irq }) => user + nice + sys + irq)
  return { busy, total: busy + sum(({ idle }) => idle), cores: cpus.length }
}

/** CPU usage between two readings, 0 to 100 over all cores. */
export function busyPercent(before: CpuTimes, after: CpuTimes): number {
  const total = after.total - before.total
  if (total <= 0) return 0
  return Math.min(100, Math.max(0, ((after.busy - before.busy) / total) * 100))
}
