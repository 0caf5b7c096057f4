import os from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import si from 'systeminformation'
import { bounds, firstOf } from '../bounds.ts'
import type { Clock } from '../clock.ts'
import { busyPercent, readCpuTimes, type CpuTimes } from './cpu-times.ts'
import { readDisks } from './disks.ts'
import { readNetwork } from './network.ts'
import type { NodeStats } from './node-stats.ts'

export type HostStats = Pick<NodeStats, 'cpu' | 'memory' | 'disks' | 'moreDisks' | 'network' | 'load' | 'uptimeSeconds'>

/** The kernel counts CPU time in 10 ms ticks. Over a shorter span than this, a percentage is mostly rounding error. */
const minimumCpuSpanMs = 200

/** Free space changes slowly, and every disk that is asked can be slow to answer. */
const diskCacheMs = 60_000

export type HostSampler = ReturnType<typeof createHostSampler>

/**
 * Measures this machine. One sample reads three files in /proc, plus disk sizes once a minute. It spawns no process, unlike
 * systeminformation's `currentLoad`, `fsSize` and `time`, which also block while they run.
 */
export function createHostSampler({ clock }: { clock: Clock }) {
  let disks: { read: Promise<HostStats['disks']>; at: number } | undefined
  const cpuUsage = createCpuMeter()

  function cachedDisks(): Promise<HostStats['disks']> {
    const now = clock.now().getTime()
    if (!disks || now - disks.at >= diskCacheMs) {
      const read = readDisks()
      disks = { read, at: now }
      read.catch(() => (disks = undefined))
    }
    return disks.read
  }

  return {
    /** CPU usage is the mean since the previous sample. The first sample has none to compare with, so it takes 200 ms. */
    async sample(): Promise<HostStats> {
      const [cpu, memory, diskList, network] = await Promise.all([cpuUsage(), readMemory(), cachedDisks(), readNetwork()])
      const [one = 0, five = 0, fifteen = 0] = os.loadavg()
      const { kept, more } = firstOf(diskList, bounds.stats.disks)
      return { cpu, memory, disks: kept, moreDisks: more, network, load: [one, five, fifteen], uptimeSeconds: os.uptime() }
    },
  }
}

interface CpuReading {
  times: CpuTimes
  at: number
  usagePercent: number
}

/** Uses real time, not the injected clock, because the kernel's counters follow real time. */
function createCpuMeter() {
  let last: Promise<CpuReading> | undefined

  async function first(): Promise<CpuReading> {
    const reading = { times: await readCpuTimes(), at: performance.now(), usagePercent: 0 }
    await sleep(minimumCpuSpanMs + 10)
    return reading
  }

  async function next(before: CpuReading): Promise<CpuReading> {
    const at = performance.now()
    if (at - before.at < minimumCpuSpanMs) return before
    const times = await readCpuTimes()
    return { times, at, usagePercent: busyPercent(before.times, times) }
  }

  return async function measure(): Promise<HostStats['cpu']> {
    last = (last ?? first()).then(next)
    last.catch(() => (last = undefined))
    const { usagePercent, times } = await last
    return { usagePercent, cores: times.cores }
  }
}

async function readMemory(): Promise<HostStats['memory']> {
  const { total, available, swaptotal, swapused } = await si.mem()
  return { totalBytes: total, usedBytes: total - available, availableBytes: available, swapTotalBytes: swaptotal, swapUsedBytes: swapused }
}
