import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchContext, Figure } from './bench.ts'
import type { LinkedNodesApi } from './helpers/linked-nodes.ts'
import { makeNodes } from './helpers/nodes.ts'
import { freePort } from '../helpers/free-port.ts'
import { folderWith, startPrimary } from './helpers/primary.ts'
import { cpuMsOf } from './helpers/process-figures.ts'
import { startWorker, type Worker } from './helpers/worker.ts'

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string }

/** How linked nodes reconnect to a primary: after a short stop, after a kill, and after so long that they rarely retry. */
export async function reconnect(context: BenchContext): Promise<Figure[]> {
  const count = context.short ? 100 : 1000
  const nodes = makeNodes(count).map((node) => ({ ...node, apiEndpoint: 'http://127.0.0.1:9' }))
  const folder = await folderWith(context, nodes)
  const port = await freePort()
  const cluster = context.own(startWorker<LinkedNodesApi>(new URL('./helpers/linked-nodes.ts', import.meta.url)))
  let primary = await startPrimary(context, folder, port)
  await cluster.ask('start', { nodes, origin: primary.origin, version, appsPerNode: 2, statsEveryMs: 5000 })
  await untilOpen(cluster, count)
  const figures: Figure[] = []
  for (const { name, signal, awayMs } of [
    { name: 'stopped and started', signal: 'SIGTERM', awayMs: 0 },
    { name: 'killed and started', signal: 'SIGKILL', awayMs: 0 },
    { name: 'away for a while', signal: 'SIGKILL', awayMs: context.short ? 3000 : 120_000 },
  ] as const) {
    if (signal === 'SIGKILL') process.kill(primary.pid, signal)
    await primary.end()
    await sleep(awayMs)
    const lines = linesOf(folder).length
    const { dialled } = await cluster.ask('counts', null)
    const began = performance.now()
    primary = await startPrimary(context, folder, port)
    const startMs = performance.now() - began
    await untilOpen(cluster, count)
    const tookMs = performance.now() - began
    const after = linesOf(folder).slice(lines)
    const changes = after.filter(({ msg }) => msg === 'node status changed')
    const offline = changes.filter(({ to }) => to !== 'online')
    const tries = (await cluster.ask('counts', null)).dialled - dialled
    figures.push(
      { name: `${name}: all ${count} back`, value: tookMs / 1000, unit: 's', note: `including ${(startMs / 1000).toFixed(1)} s to start` },
      { name: `${name}: most links in one second`, value: peakOf(after), unit: '/s' },
      { name: `${name}: attempts per node`, value: tries / count, unit: 'x' },
      { name: `${name}: CPU time of the primary`, value: cpuMsOf(primary.pid) / count, unit: 'ms', note: 'per node, including the start' },
      { name: `${name}: shown offline`, value: offline.length, unit: 'nodes', note: offline[0]?.reason ?? '' },
    )
  }
  return figures
}

async function untilOpen(cluster: Worker<LinkedNodesApi>, count: number): Promise<void> {
  const deadline = performance.now() + 120_000
  for (;;) {
    const { open } = await cluster.ask('counts', null)
    if (open === count) return
    if (performance.now() > deadline) throw new Error(`${open} of ${count} nodes have a session after 2 minutes`)
    await sleep(20)
  }
}

interface Line {
  msg: string
  time: string
  to?: string
  reason?: string
}

const linesOf = (folder: string): Line[] =>
  readFileSync(join(folder, 'log.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line)

function peakOf(lines: Line[]): number {
  const times = lines.flatMap(({ msg, time }) => (msg === 'link open' ? [Date.parse(time)] : []))
  return Math.max(...times.map((start) => times.filter((time) => time >= start && time < start + 1000).length))
}
