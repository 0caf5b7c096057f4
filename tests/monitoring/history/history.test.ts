import test, { type ExecutionContext } from 'ava'
import { join } from 'node:path'
import type { Database } from '../../../api/db/orm.ts'
import { HistoryFrameEntity, HistorySeriesEntity } from '../../../api/monitoring/history/history.entity.ts'
import { createHistory, type HistorySubject, type OwnHistory } from '../../../api/monitoring/history/history.ts'
import type { Metric } from '../../../api/monitoring/history/series.ts'
import type { ContainerStats } from '../../../api/monitoring/node-stats.ts'
import { dataFolder } from '../../helpers/data-folder.ts'
import { testDatabase } from '../../helpers/database.ts'
import { createManualClock, type ManualClock } from '../../helpers/manual-clock.ts'
import { someStats } from '../../helpers/things.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const nodeId = '8a3d4c2e-0000-4000-8000-000000000001'
const node: HistorySubject = { containers: [] }

interface Fixture {
  database: Database
  history: OwnHistory
  clock: ManualClock
  path: string
}

async function fixtureOf(t: ExecutionContext, path = join(dataFolder(t), 'selfhostly.db'), clock = createManualClock()): Promise<Fixture> {
  const database = await testDatabase(t, path)
  const history = createHistory({ em: database.em, sampledEveryMs: 30_000, deploys: async () => [], clock })
  await history.start()
  return { database, history, clock, path }
}

const container = (name: string, more: Partial<ContainerStats> = {}): ContainerStats => ({
  ...{ id: `id-${name}`, name, appName: null, service: null, state: 'running', cpuPercent: 5, memoryBytes: 1000, memoryLimitBytes: 0 },
  ...{ networkRxBytes: 0, networkTxBytes: 0, blockReadBytes: 0, blockWriteBytes: 0 },
  ...more,
})

interface Sampling {
  forMs: number
  everyMs?: number
  cpu?: number | ((time: number) => number)
  containers?: (time: number) => ContainerStats[]
}

async function sample({ history, clock }: Fixture, { forMs, everyMs = 30_000, cpu = 10, containers = () => [] }: Sampling): Promise<void> {
  for (let passed = 0; passed < forMs; passed += everyMs) {
    clock.advance(everyMs)
    const asOf = clock.now()
    const usagePercent = typeof cpu === 'number' ? cpu : cpu(asOf.getTime())
    history.sampled(someStats({ nodeId, asOf, cpu: { usagePercent, cores: 4 }, containers: containers(asOf.getTime()) }))
    if (passed % (10 * minute) < everyMs) await history.flush()
  }
  await history.flush()
}

async function valuesOf({ history, clock }: Fixture, agoMs: number, metric: Metric = 'cpu', subject = node, points = 3000) {
  const to = clock.now()
  const read = await history.read(subject, { from: new Date(to.getTime() - agoMs), to, points })
  const values = read.series[0]?.metrics.find((each) => each.metric === metric)?.values ?? []
  return { ...read, values }
}

const holesOf = (values: (number | null)[]): number => values.filter((value) => value === null).length

test('a day is there at 30 s, a later month at 15 minutes, and frames beyond that are deleted', async (t) => {
  const fixture = await fixtureOf(t)
  await sample(fixture, { forMs: 26 * hour, cpu: 20 })
  await fixture.history.prune()
  const fine = await valuesOf(fixture, 23 * hour)
  t.is(fine.stepSeconds, 30)
  t.is(holesOf(fine.values.slice(1, -1)), 0)
  t.true(fine.values.slice(1, -1).every((value) => value === 20))
  const coarse = await valuesOf(fixture, 25.5 * hour)
  t.is(coarse.stepSeconds, 900)
  t.is(holesOf(coarse.values.slice(1, -1)), 0)
  t.is(await fixture.database.em.fork().count(HistoryFrameEntity, { tier: 'fine' }), 2880)
})

test('the mean and the highest of a span are both kept, also after rolling up', async (t) => {
  const fixture = await fixtureOf(t)
  await sample(fixture, { forMs: 30 * minute, everyMs: 10_000, cpu: (time) => (time % minute === 0 ? 90 : 10) })
  await sample(fixture, { forMs: 25 * hour, everyMs: 5 * minute })
  const mean = await valuesOf(fixture, 26 * hour)
  const highest = await valuesOf(fixture, 26 * hour, 'cpuMax')
  const [at] = mean.values.flatMap((value, index) => (value === null ? [] : [index]))
  t.true(Math.abs((mean.values[at ?? 0] ?? 0) - (5 * 10 + 90) / 6) < 1.5, `${mean.values[at ?? 0]}`)
  t.is(highest.values[at ?? 0], 90)
})

test('a sampler that is a little late leaves no hole, and a machine that slept leaves one', async (t) => {
  const fixture = await fixtureOf(t)
  await sample(fixture, { forMs: 2 * hour, everyMs: 31_000 })
  fixture.clock.sleep(hour)
  await sample(fixture, { forMs: hour, everyMs: 31_000 })
  const { values } = await valuesOf(fixture, 4 * hour)
  const first = values.findIndex((value) => value !== null)
  const holes = holesOf(values.slice(first, -1))
  t.true(holes >= 117 && holes <= 120, `${holes} of about 119 steps`)
})

test('what ended while the program was stopped is rolled up at the next start, and a span that was cut by a restart is whole', async (t) => {
  const first = await fixtureOf(t)
  await sample(first, { forMs: 7 * minute, cpu: 10 })
  first.history.end()
  await first.history.flush()
  await first.database.close(true)
  const second = await fixtureOf(t, first.path, first.clock)
  await sample(second, { forMs: 7 * minute, cpu: 30 })
  second.history.end()
  await second.history.flush()
  await second.database.close(true)
  first.clock.advance(25 * hour)
  const third = await fixtureOf(t, first.path, first.clock)
  const { values } = await valuesOf(third, 26 * hour)
  t.deepEqual(
    values.filter((value) => value !== null),
    [20],
  )
})

test('a clock that jumps a year ahead or back deletes nothing, and both times can be read', async (t) => {
  const fixture = await fixtureOf(t)
  await sample(fixture, { forMs: 2 * hour, cpu: 10 })
  fixture.clock.set(365 * day)
  await sample(fixture, { forMs: hour, cpu: 50 })
  await fixture.history.prune()
  t.true((await valuesOf(fixture, 30 * minute)).values.slice(1, -1).every((value) => value === 50))
  fixture.clock.set(-365 * day)
  await sample(fixture, { forMs: hour, cpu: 20 })
  await fixture.history.prune()
  const { values } = await valuesOf(fixture, 4 * hour)
  t.deepEqual(new Set(values.filter((value) => value === 10 || value === 20 || value === 50)), new Set([10, 20]))
  t.true(values.filter((value) => value === 10).length >= 239)
})

test('a crash loop that makes containers with new names keeps the number of series, and the history of what runs on', async (t) => {
  const fixture = await fixtureOf(t)
  let made = 0
  const fresh = (): ContainerStats => container(`try-${(made += 1)}`)
  const web = container('shop_web_1', { appName: 'shop', service: 'web', cpuPercent: 42 })
  await sample(fixture, { forMs: 2 * hour, containers: () => [web, fresh(), fresh(), fresh(), fresh()] })
  t.true(made > 900)
  t.true((await fixture.database.em.fork().count(HistorySeriesEntity, {})) <= 500)
  const { values } = await valuesOf(fixture, 1.9 * hour, 'cpu', { app: 'shop', services: [] })
  t.true(values.slice(1, -1).every((value) => value === 42))
})

test('containers of a service are added up, and traffic is per second and never negative', async (t) => {
  const fixture = await fixtureOf(t)
  const replica = (name: string, networkRxBytes: number): ContainerStats =>
    container(name, { appName: 'shop', service: 'web', networkRxBytes, cpuPercent: 10 })
  const start = fixture.clock.now().getTime()
  // The first one starts again after ten minutes.
  const first = (time: number): number => ((time - start) % (10 * minute)) * 2
  await sample(fixture, { forMs: hour, containers: (time) => [replica('a', first(time)), replica('b', time - start)] })
  const cpu = await valuesOf(fixture, 50 * minute, 'cpu', { app: 'shop', services: ['web'] })
  t.is(cpu.values[20], 20)
  const received = await valuesOf(fixture, 50 * minute, 'received', { app: 'shop', services: ['web'] })
  t.true(received.values.every((value) => value === null || (value >= 1000 && value <= 3000)))
  t.is(received.values[10], 3000)
  t.deepEqual((await fixture.history.read({ app: 'other', services: [] }, span(fixture, hour))).series, [])
})

const span = ({ clock }: Fixture, agoMs: number, points = 100) => ({
  from: new Date(clock.now().getTime() - agoMs),
  to: clock.now(),
  points,
})

test('what cannot be written is kept for a while, costs nothing else, and is written when there is room', async (t) => {
  const fixture = await fixtureOf(t)
  await sample(fixture, { forMs: 10 * minute })
  const connection = fixture.database.em.getConnection()
  const [{ page_count: pages = 0 } = {}] = await connection.execute<{ page_count: number }[]>('pragma page_count')
  await connection.execute(`pragma max_page_count = ${pages}`)
  const many = Array.from({ length: 150 }, (_, index) => container(`c${index}`))
  const error = await t.throwsAsync(sample(fixture, { forMs: 5 * minute, containers: () => many }))
  t.regex(error?.message ?? '', /full|limit/i)
  // Nothing that is there is lost, and what waits is shown.
  t.is(holesOf((await valuesOf(fixture, 8 * minute)).values.slice(1, -1)), 0)
  await connection.execute('pragma max_page_count = 100000')
  await sample(fixture, { forMs: 5 * minute, containers: () => many })
  t.is(holesOf((await valuesOf(fixture, 8 * minute)).values.slice(1, -1)), 0)
})

test('an answer has no more points than asked for, and what is being measured now is in it', async (t) => {
  const fixture = await fixtureOf(t)
  await sample(fixture, { forMs: 2 * hour })
  fixture.clock.advance(1000)
  fixture.history.sampled(someStats({ nodeId, asOf: fixture.clock.now(), cpu: { usagePercent: 77, cores: 4 } }))
  const { values } = await valuesOf(fixture, hour, 'cpuMax', node, 60)
  t.true(values.length >= 60 && values.length <= 61)
  t.is(values.at(-1), 77)
})

test('a container that starts again is a mark, a crash loop is one with a count, and neither the first look nor a start after a stop is one', async (t) => {
  const fixture = await fixtureOf(t)
  const { history, clock } = fixture
  const look = (id: string, state: 'running' | 'exited' = 'running') =>
    history.containersChanged([
      { ...engineContainer, id, name: 'web', state, startedAt: clock.now() },
      { ...engineContainer, id: 'other', name: 'other', service: 'db' },
    ])
  look('a')
  look('a', 'exited')
  for (const id of ['b', 'c', 'd']) {
    clock.advance(minute)
    look(id)
  }
  clock.advance(hour)
  look('e')
  look('e', 'exited')
  clock.advance(minute)
  look('e')
  await history.flush()
  const { marks } = await history.read({ app: 'shop', services: [] }, span(fixture, 2 * hour))
  t.deepEqual(
    marks.map(({ kind, app, name, times }) => ({ kind, app, name, times })),
    [
      { kind: 'restart', app: 'shop', name: 'web', times: 3 },
      { kind: 'restart', app: 'shop', name: 'web', times: 1 },
    ],
  )
})

test('a container of no app is restarted only if it is the same one', async (t) => {
  const fixture = await fixtureOf(t)
  const { history, clock } = fixture
  const alone = { ...engineContainer, name: 'job', project: null }
  for (const [id, minutes] of [
    ['a', 0],
    ['b', 1],
    ['c', 2],
    ['c', 3],
  ] as const) {
    clock.advance(minutes * minute)
    history.containersChanged([{ ...alone, id, startedAt: clock.now() }])
  }
  await history.flush()
  const { marks } = await history.read(node, span(fixture, hour))
  t.deepEqual(
    marks.map(({ kind, name, times }) => ({ kind, name, times })),
    [{ kind: 'restart', name: 'job', times: 1 }],
  )
})

const engineContainer = {
  ...{ id: 'a', name: 'a', service: 'web', image: 'web', imageId: 'sha256:1', state: 'running' as const, health: null, statusText: 'Up' },
  ...{ exitCode: null, startedAt: new Date(0), finishedAt: null, restartCount: 0, ports: [], morePorts: 0, createdAt: new Date(0) },
  ...{ project: 'shop', workingDir: null, configFiles: [], isOneOff: false },
}
