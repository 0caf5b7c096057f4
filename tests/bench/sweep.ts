import { setTimeout as sleep } from 'node:timers/promises'
import { quantile, type BenchContext, type Figure } from './bench.ts'
import type { LoadApi, LoadResult } from './helpers/load-client.ts'
import { makeNodes, startNodes } from './helpers/nodes.ts'
import { startTimedPrimary } from './helpers/primary.ts'
import { startWorker, type Worker } from './helpers/worker.ts'

type Side = Awaited<ReturnType<typeof measure>>

/**
 * Health checks of a large cluster, with and without black holes and with all event streams open: first in
 * normal operation after a start, then with all nodes due at the same moment (the worst case after a clock is set forward).
 */
export async function sweep(context: BenchContext): Promise<Figure[]> {
  const count = context.short ? 100 : 1000
  const healthy = await measure(context, count, 0)
  const holed = await measure(context, count, 0.1)
  return [...rhythmFigures(healthy, holed), ...burstFigures(count, healthy, holed)]
}

async function measure(context: BenchContext, count: number, holes: number) {
  const cluster = await startNodes(context, makeNodes(count, holes), { appsPerNode: 2, statsEveryMs: 5000 })
  const folder = context.folder()
  const primary = await startTimedPrimary(context, folder)
  const client = context.own(startWorker<LoadApi>(new URL('./helpers/load-client.ts', import.meta.url)))
  await primary.ask('register', cluster.nodes)
  const origin = await primary.ask('restart', null)
  const answering = cluster.nodes.filter(({ kind }) => kind === 'healthy').length
  while ((await cluster.openStreams()) < answering) await sleep(50)
  const durationMs = context.short ? 3000 : 60_000
  const [rhythm, duringRhythm] = await Promise.all([primary.ask('watch', durationMs), askHealth(client, origin, durationMs)])
  const [burst, duringBurst] = await Promise.all([primary.ask('sweep', null), askHealth(client, origin, context.short ? 500 : 2000)])
  await Promise.all([primary.end(), client.end()])
  return { rhythm, duringRhythm, burst, duringBurst, durationMs }
}

const askHealth = (client: Worker<LoadApi>, origin: string, durationMs: number): Promise<LoadResult> =>
  client.ask('run', { origin, requests: [{ method: 'GET', path: '/api/health', headers: {} }], connections: 1, durationMs, pauseMs: 5 })

const longest = (times: number[]): number => Math.max(...times)

function burstFigures(count: number, healthy: Side, holed: Side): Figure[] {
  const name = `all ${count} due at once`
  const holes = `${holed.burst.failedAfterMs.length} hang`
  const middle = quantile(holed.burst.passedAfterMs, 0.5) / quantile(healthy.burst.passedAfterMs, 0.5)
  const last = longest(holed.burst.passedAfterMs) / longest(healthy.burst.passedAfterMs)
  const perNode = healthy.burst.cpuMs / count
  return [
    { name: `${name}: all nodes checked, none hangs`, value: healthy.burst.ms, unit: 'ms' },
    { name: `${name}: all nodes checked, ${holes}`, value: holed.burst.ms, unit: 'ms', note: 'check deadline 5 s' },
    { name: `${name}: last healthy node checked, ${holes}`, value: longest(holed.burst.passedAfterMs), unit: 'ms' },
    { name: `${name}: median healthy node, with / without`, value: middle, unit: 'x' },
    { name: `${name}: last healthy node, with / without`, value: last, unit: 'x' },
    { name: `${name}: CPU time, none hangs`, value: healthy.burst.cpuMs, unit: 'ms', note: `${perNode.toFixed(2)} ms per node` },
    { name: `${name}: CPU time, ${holes}`, value: holed.burst.cpuMs, unit: 'ms', note: 'over the whole run, including streams' },
    { name: `${name}: longest event loop delay, none hangs`, value: healthy.burst.loopDelayMaxMs, unit: 'ms' },
    { name: `${name}: longest event loop delay, ${holes}`, value: holed.burst.loopDelayMaxMs, unit: 'ms' },
    { name: `${name}: /api/health (p99), none hangs`, value: healthy.duringBurst.p99Ms, unit: 'ms' },
    { name: `${name}: /api/health (p99), ${holes}`, value: holed.duringBurst.p99Ms, unit: 'ms' },
  ]
}

function rhythmFigures(healthy: Side, holed: Side): Figure[] {
  const name = 'normal operation'
  const share = (side: Side): number => (side.rhythm.cpuMs / side.rhythm.ms) * 100
  const oldest = (side: Side): number => longest(side.rhythm.longestAgesMs) / 1000
  const p99 = holed.duringRhythm.p99Ms / healthy.duringRhythm.p99Ms
  return [
    {
      name: `${name}: CPU, none hangs`,
      value: share(healthy),
      unit: '%',
      note: `of one core; ${healthy.rhythm.checks} checks, live stats of all`,
    },
    { name: `${name}: CPU, 1 in 10 hangs`, value: share(holed), unit: '%', note: `${holed.rhythm.checks} checks` },
    { name: `${name}: oldest status of a healthy node, none hangs`, value: oldest(healthy), unit: 's' },
    { name: `${name}: oldest status of a healthy node, 1 in 10 hangs`, value: oldest(holed), unit: 's' },
    { name: `${name}: event loop delay (p99), none hangs`, value: healthy.rhythm.loopDelayP99Ms, unit: 'ms' },
    { name: `${name}: event loop delay (p99), 1 in 10 hangs`, value: holed.rhythm.loopDelayP99Ms, unit: 'ms' },
    { name: `${name}: /api/health (p99), none hangs`, value: healthy.duringRhythm.p99Ms, unit: 'ms' },
    { name: `${name}: /api/health (p99), with / without`, value: p99, unit: 'x' },
  ]
}
