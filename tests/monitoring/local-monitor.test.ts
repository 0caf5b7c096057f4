import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import { systemClock, type Clock } from '../../api/clock.ts'
import { createEngine } from '../../api/docker/engine.ts'
import { createLocalMonitor } from '../../api/monitoring/local-monitor.ts'
import type { ContainerStats, NodeStats } from '../../api/monitoring/node-stats.ts'
import { createContainer } from '../helpers/docker.ts'
import { createSeen } from '../helpers/seen.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { until } from '../helpers/until.ts'

const log = pino({ level: 'silent' })
const nodeId = '8a3d4c2e-0000-4000-8000-000000000001'

interface Options {
  clock?: Clock
  dockerHost?: string
  intervalMs?: number
  storageProblem?: NodeStats['storageProblem']
}

function setUp(t: ExecutionContext, options: Options = {}) {
  const { clock = systemClock, dockerHost, intervalMs, storageProblem = null } = options
  const engine = createEngine({ log, clock: systemClock, ...(dockerHost ? { dockerHost } : {}) })
  const monitor = createLocalMonitor({
    nodeId,
    engine,
    composeVersion: () => 'docker compose 2.26.1',
    storageProblem: () => storageProblem,
    backups: () => null,
    composePolicy: 'enforced',
    clock,
    log,
    ...(intervalMs ? { intervalMs } : {}),
  })
  t.teardown(() => monitor.stop())
  return { engine, monitor }
}

type Monitor = ReturnType<typeof setUp>['monitor']

/** The next sample that `accept` accepts. The wait keeps the process alive, which the program's own timers do not. */
async function sampleWhere(monitor: Monitor, accept: (stats: NodeStats) => boolean): Promise<NodeStats> {
  const samples = createSeen<NodeStats>('samples')
  const leave = monitor.onSample(samples.push)
  return samples.first(accept).finally(leave)
}

const statsOf = (stats: NodeStats, id: string): ContainerStats | undefined => stats.containers.find((container) => container.id === id)

test('a sample describes this machine and its Docker', async (t) => {
  const { engine, monitor } = setUp(t)
  const before = Date.now()
  const stats = await monitor.current()
  const info = await engine.info()
  t.is(stats.nodeId, nodeId)
  t.true(stats.asOf.getTime() >= before && stats.asOf.getTime() <= Date.now())
  t.true(stats.cpu.cores >= 1 && stats.memory.totalBytes > 0 && stats.disks.length >= 1)
  t.like(stats.docker, { available: true, error: null, version: info.version })
  t.true(stats.docker.images >= 0)
})

test('without Docker, a sample has everything else and the reason', async (t) => {
  const { monitor } = setUp(t, { dockerHost: 'unix:///nonexistent/docker.sock' })
  const { docker, cpu, memory, disks, containers } = await monitor.current()
  t.false(docker.available)
  t.regex(docker.error ?? '', /docker/i)
  t.like(docker, { version: null, running: 0, paused: 0, stopped: 0, images: 0 })
  t.true(cpu.usagePercent > 0 && memory.usedBytes > 0 && disks.length > 0)
  t.deepEqual(containers, [])
})

test('a Docker that never answers delays a sample by 3 s, once, and the rest of the sample is there', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'shtest-hung-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  let questions = 0
  const server = createServer((socket) => {
    questions += 1
    t.teardown(() => void socket.destroy())
  })
  server.listen(join(folder, 'docker.sock'))
  await once(server, 'listening')
  t.teardown(() => void server.close())
  const clock = createManualClock()
  const { monitor } = setUp(t, { clock, dockerHost: `unix://${folder}/docker.sock` })

  const sample = monitor.current()
  await until(() => questions === 1)
  clock.advance(3000)
  const { docker, memory } = await sample
  t.like(docker, { available: false, error: 'Docker did not answer within 3 s' })
  t.true(memory.usedBytes > 0)

  clock.advance(30_001)
  const next = monitor.current()
  await until(() => clock.waiting() >= 1)
  clock.advance(3000)
  t.false((await next).docker.available)
  t.is(questions, 1)
  t.is(clock.waiting(), 0)
})

test('the next sample follows the watcher when Docker goes down and when it comes up', async (t) => {
  const clock = createManualClock()
  const { monitor } = setUp(t, { clock })
  monitor.dockerDown('connection refused')
  t.like((await monitor.current()).docker, { available: false, error: 'connection refused' })
  monitor.dockerUp()
  clock.advance(30_001)
  t.true((await monitor.current()).docker.available)
})

test('concurrent callers share one sample, which is reused for the interval', async (t) => {
  const clock = createManualClock()
  const { monitor } = setUp(t, { clock, intervalMs: 1000 })
  let taken = 0
  monitor.onSample(() => (taken += 1))
  const [one, two] = await Promise.all([monitor.current(), monitor.current()])
  t.is(one, two)
  clock.advance(1000)
  t.is(await monitor.current(), one)
  clock.advance(1)
  t.not(await monitor.current(), one)
  t.is(taken, 2)
})

test('start samples at once and then every interval; a second start changes nothing', async (t) => {
  const clock = createManualClock()
  const { monitor } = setUp(t, { clock })
  const times: number[] = []
  monitor.onSample(({ asOf }) => times.push(asOf.getTime()))
  monitor.start()
  monitor.start()
  await until(() => times.length === 1 && clock.waiting() === 1)
  clock.advance(29_999)
  t.is(clock.waiting(), 1)
  clock.advance(1)
  await until(() => times.length === 2 && clock.waiting() === 1)
  t.deepEqual(times, [times[0], (times[0] ?? 0) + 30_000])
})

test('a listener that fails affects neither other listeners nor callers', async (t) => {
  const { monitor } = setUp(t)
  let heard = 0
  monitor.onSample(() => {
    throw new Error('broken listener')
  })
  monitor.onSample(() => (heard += 1))
  t.is((await monitor.current()).nodeId, nodeId)
  t.is(heard, 1)
})

test('an unsubscribed listener gets no samples', async (t) => {
  const { monitor } = setUp(t)
  const leave = monitor.onSample(() => t.fail())
  leave()
  leave()
  await monitor.current()
  t.is(monitor.listeners(), 0)
})

test('stop leaves no listener or timer, even in the middle of a sample', async (t) => {
  const clock = createManualClock()
  const { engine, monitor } = setUp(t, { clock })
  monitor.onSample(() => t.fail('a sample after stop'))
  monitor.start()
  monitor.watch(10_000)
  monitor.setContainers(await engine.containers())
  t.is(monitor.listeners(), 1)
  const stopped = monitor.stop()
  await monitor.stop()
  await stopped
  t.is(monitor.listeners(), 0)
  t.is(clock.waiting(), 0)
})

test('a watched node is measured every second, also containers, and calm again when the watch is over', async (t) => {
  const clock = createManualClock()
  const { monitor } = setUp(t, { clock })
  const times: number[] = []
  monitor.onSample(({ asOf }) => times.push(asOf.getTime()))
  monitor.start()
  await until(() => times.length === 1 && clock.waiting() === 1)
  monitor.watch(2500)
  clock.advance(0)
  for (const count of [2, 3, 4]) {
    await until(() => times.length === count && clock.waits().some((ms) => ms >= 900))
    clock.advance(1000)
  }
  await until(() => times.length === 5 && clock.waits().every((ms) => ms > 28_000))
  t.pass()
  await monitor.stop()
})

test("a container's usage has its memory limit and CPU, and disappears when it stops", async (t) => {
  const { engine, monitor } = setUp(t, { intervalMs: 200 })
  const container = await createContainer(t, {
    Labels: { 'com.docker.compose.project': 'shtest-usage' },
    HostConfig: { Init: true, Memory: 64 * 1024 * 1024, NanoCpus: 200_000_000 },
  })
  await container.start()
  const only = async () => (await engine.containers()).filter(({ id }) => id === container.id)
  monitor.start()
  monitor.setContainers(await only())

  const idle = statsOf(await sampleWhere(monitor, (stats) => (statsOf(stats, container.id)?.cpuPercent ?? 100) < 3), container.id)
  t.like(idle, { state: 'running', appName: 'shtest-usage', memoryLimitBytes: 64 * 1024 * 1024 })
  t.true((idle?.memoryBytes ?? 0) > 10_000 && (idle?.memoryBytes ?? 0) < 64 * 1024 * 1024)

  const burn = await container.exec({ Cmd: ['sh', '-c', 'while true; do :; done'] })
  const answer = await burn.start({ Detach: true })
  answer.resume()
  const busy = statsOf(await sampleWhere(monitor, (stats) => (statsOf(stats, container.id)?.cpuPercent ?? 0) > 10), container.id)
  t.true((busy?.cpuPercent ?? 0) < 60, `${busy?.cpuPercent} of a container limited to 20`)

  // Docker's list is not read again: the Engine says so itself.
  await container.stop()
  await sampleWhere(monitor, (stats) => stats.containers.length === 0)
})

test('leaves containers out while Docker is down and shows them again when it is up', async (t) => {
  const { engine, monitor } = setUp(t, { intervalMs: 200 })
  const container = await createContainer(t, { HostConfig: { Init: true } })
  await container.start()
  monitor.start()
  monitor.setContainers((await engine.containers()).filter(({ id }) => id === container.id))
  await sampleWhere(monitor, ({ containers }) => containers.length === 1)
  monitor.dockerDown('gone for a moment')
  t.deepEqual((await sampleWhere(monitor, ({ docker }) => !docker.available)).containers, [])
  monitor.dockerUp()
  await sampleWhere(monitor, ({ containers }) => containers.length === 1)
  t.pass()
})
