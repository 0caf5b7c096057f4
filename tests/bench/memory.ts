import { setTimeout as sleep } from 'node:timers/promises'
import type { BenchContext, Figure } from './bench.ts'
import type { LoadApi } from './helpers/load-client.ts'
import { heartbeatOf, makeNodes, startNodes } from './helpers/nodes.ts'
import { folderWith, sendHeartbeats, startPrimary, startProbedPrimary } from './helpers/primary.ts'
import { residentMbOf } from './helpers/process-figures.ts'
import { untilAppsAreKnown } from './helpers/queries.ts'
import { startWorker } from './helpers/worker.ts'

/** How much memory an idle primary uses, and whether heartbeats leak any. */
export async function memory(context: BenchContext): Promise<Figure[]> {
  const idleMs = context.short ? 1000 : 20_000
  const alone = await startPrimary(context)
  await sleep(idleMs)
  const figures: Figure[] = [{ name: `alone, after ${idleMs / 1000} s`, value: residentMbOf(alone.pid), unit: 'MB' }]
  await alone.end()

  const { nodes } = await startNodes(context, makeNodes(100), { appsPerNode: 2, statsEveryMs: 5000 })
  const primary = await startProbedPrimary(context, await folderWith(context, nodes))
  await sendHeartbeats(primary.origin, nodes)
  await untilAppsAreKnown(primary.origin, nodes.length * 2)
  await sleep(idleMs)
  figures.push({
    name: `with 100 nodes, after ${idleMs / 1000} s`,
    value: residentMbOf(primary.pid),
    unit: 'MB',
    note: '200 apps, live stats',
  })

  const client = context.own(startWorker<LoadApi>(new URL('./helpers/load-client.ts', import.meta.url)))
  const count = context.short ? 500 : 10_000
  const heaps: number[] = []
  for (let round = 0; round < 3; round += 1) {
    await client.ask('send', { origin: primary.origin, requests: nodes.map(heartbeatOf), connections: 50, count })
    heaps.push(await primary.ask('heapMb', null))
  }
  const [first = 0, second = 0, third = 0] = heaps
  return [
    ...figures,
    { name: `heap after ${count} heartbeats`, value: first, unit: 'MB', note: 'after a full garbage collection' },
    { name: `heap after ${count * 2} heartbeats`, value: second, unit: 'MB' },
    { name: `heap after ${count * 3} heartbeats`, value: third, unit: 'MB' },
    { name: 'resident memory after that', value: residentMbOf(primary.pid), unit: 'MB' },
  ]
}
