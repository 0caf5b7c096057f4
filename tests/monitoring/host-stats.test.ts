import { execFile } from 'node:child_process'
import os from 'node:os'
import { promisify } from 'node:util'
import test from 'ava'
import { systemClock } from '../../api/clock.ts'
import { createHostSampler } from '../../api/monitoring/host-stats.ts'
import { createManualClock } from '../helpers/manual-clock.ts'

test.serial('the first sample is complete', async (t) => {
  const { cpu, memory, disks, load, uptimeSeconds } = await createHostSampler({ clock: systemClock }).sample()
  t.is(cpu.cores, os.cpus().length)
  t.true(cpu.usagePercent > 0 && cpu.usagePercent <= 100, `${cpu.usagePercent}`)
  t.true(memory.totalBytes > 100e6)
  t.true(memory.availableBytes > 0 && memory.availableBytes < memory.totalBytes)
  t.is(memory.usedBytes + memory.availableBytes, memory.totalBytes)
  t.true(memory.swapUsedBytes >= 0 && memory.swapUsedBytes <= memory.swapTotalBytes)
  t.true(disks.length >= 1)
  t.is(load.length, 3)
  t.true(load.every((average) => average >= 0))
  t.true(uptimeSeconds > 0)
})

test.serial('samples taken at once or in quick succession share one CPU measurement', async (t) => {
  const host = createHostSampler({ clock: systemClock })
  const [one, two] = await Promise.all([host.sample(), host.sample()])
  const three = await host.sample()
  t.true(one.cpu.usagePercent > 0)
  t.is(two.cpu.usagePercent, one.cpu.usagePercent)
  t.is(three.cpu.usagePercent, one.cpu.usagePercent)
})

test.serial('CPU usage rises by one core when this process is busy', async (t) => {
  const host = createHostSampler({ clock: systemClock })
  const { cpu } = await host.sample()
  const end = performance.now() + 400
  while (performance.now() < end);
  const busy = (await host.sample()).cpu.usagePercent
  // Other processes may share this core, but together they keep it busy.
  t.true(busy >= 80 / cpu.cores, `${busy} of ${cpu.cores} cores`)
})

test.serial('disks are read again after a minute', async (t) => {
  const clock = createManualClock()
  const host = createHostSampler({ clock })
  const first = (await host.sample()).disks
  clock.advance(59_999)
  t.is((await host.sample()).disks, first)
  clock.advance(1)
  t.not((await host.sample()).disks, first)
})

// Node's permission model refuses child processes here, so the sample was taken without any.
test.serial('a sample starts no other process', async (t) => {
  const script = `
    import { createHostSampler } from './api/monitoring/host-stats.ts'
    import { systemClock } from './api/clock.ts'
    console.log(JSON.stringify(await createHostSampler({ clock: systemClock }).sample()))`
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--permission',
    '--allow-fs-read=*',
    '--input-type=module-typescript',
    '--eval',
    script,
  ])
  const sample: Record<'cpu' | 'memory' | 'disks', { usagePercent: number; totalBytes: number; length: number }> = JSON.parse(stdout)
  t.true(sample.cpu.usagePercent > 0)
  t.true(sample.memory.totalBytes > 0)
  t.true(sample.disks.length > 0)
})
