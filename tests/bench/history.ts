import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { openDatabase } from '../../api/db/orm.ts'
import { HistoryFrameEntity, HistoryMarkEntity, HistorySeriesEntity } from '../../api/monitoring/history/history.entity.ts'
import { createHistory } from '../../api/monitoring/history/history.ts'
import type { ContainerStats } from '../../api/monitoring/node-stats.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { someStats } from '../helpers/things.ts'
import { nodeProcess } from '../helpers/node-process.ts'
import { asTest, type BenchContext, type Figure } from './bench.ts'
import { cpuMsOf } from './helpers/process-figures.ts'

const containers = 50
const everyMs = 30_000
const day = 24 * 3600_000

/** CPU time of a node that nobody watches, with and without measuring, in the same minute. In milliseconds per minute. */
async function idleCpu(context: BenchContext): Promise<Figure[]> {
  const seconds = context.short ? 5 : 90
  const t = asTest(context)
  const settings = { usual: {}, never: { STATS_INTERVAL: '300' } }
  const nodes = await Promise.all(Object.values(settings).map((each) => nodeProcess(t, each)))
  for (const node of nodes) await node.start()
  // The first minute after a start is not idle.
  await sleep(context.short ? 1000 : 30_000)
  const before = nodes.map((node) => cpuMsOf(node.pid()))
  await sleep(seconds * 1000)
  const [usual = 0, never = 0] = nodes.map((node, index) => ((cpuMsOf(node.pid()) - (before[index] ?? 0)) / seconds) * 60)
  return [
    { name: 'CPU time of an idle node that measures every 30 s', value: usual, unit: 'ms', note: 'per minute' },
    { name: 'that measures every 300 s, in the same minute', value: never, unit: 'ms', note: 'per minute' },
  ]
}

/** The size of a node's history, and what writing and reading it costs. The month beyond the day is made of coarse frames alone. */
export async function history(context: BenchContext): Promise<Figure[]> {
  const path = join(context.folder(), 'selfhostly.db')
  const entities = [HistorySeriesEntity, HistoryFrameEntity, HistoryMarkEntity]
  const database = await openDatabase({ path, entities, log: pino({ level: 'silent' }) })
  context.own({ end: () => database.close(true) })
  const clock = createManualClock()
  const kept = createHistory({ em: database.em, sampledEveryMs: everyMs, deploys: async () => [], clock })
  await kept.start()
  const connection = database.em.getConnection()
  const size = async (): Promise<number> => {
    await connection.execute('pragma wal_checkpoint(truncate)')
    return statSync(path).size / 1e6
  }
  const empty = await size()
  const days = context.short ? 1 / 24 : 1
  let writeMs = 0
  let samples = 0
  for (let passed = 0; passed < days * day; passed += everyMs, samples += 1) {
    clock.advance(everyMs)
    const stats = someStats({
      nodeId: 'node',
      asOf: clock.now(),
      containers: Array.from({ length: containers }, (_, i) => usage(i, passed)),
    })
    const begun = performance.now()
    kept.sampled(stats)
    await kept.flush()
    writeMs += performance.now() - begun
  }
  const ofDay = (await size()) - empty
  const coarse = await connection.execute<{ bytes: number }[]>(
    `select avg(length("packed")) as "bytes" from "history_frames" where "tier" = 'coarse'`,
  )
  // A month has as many coarse frames as a day has fine ones, of the same size.
  const begun = performance.now()
  const to = clock.now()
  const answer = await kept.read({ app: 'app-1', services: [] }, { from: new Date(to.getTime() - days * day), to, points: 240 })
  const readMs = performance.now() - begun
  return [
    { name: 'a day of a node with 50 containers', value: ofDay, unit: 'MB', note: `${samples} spans of 30 s` },
    {
      name: 'with a month at 15 minutes',
      value: ofDay * 2,
      unit: 'MB',
      note: `2880 spans of ${Math.round(coarse[0]?.bytes ?? 0)} bytes each`,
    },
    { name: 'measure and write one span', value: writeMs / samples, unit: 'ms' },
    { name: 'read a day of one app', value: readMs, unit: 'ms', note: `${answer.series.length} services, 240 points` },
    ...(await idleCpu(context)),
  ]
}

const usage = (index: number, passed: number): ContainerStats => ({
  ...{ id: `container-${index}`, name: `app-${index % 10}-web-${index}`, appName: `app-${index % 10}`, service: `service-${index}` },
  ...{ state: 'running', cpuPercent: (index * 7 + passed / 1000) % 100, memoryBytes: 1e8 + ((passed * index) % 1e7), memoryLimitBytes: 0 },
  ...{ networkRxBytes: passed * (index + 1), networkTxBytes: passed, blockReadBytes: passed * 2, blockWriteBytes: passed * 3 },
})
