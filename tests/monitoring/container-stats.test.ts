import { once } from 'node:events'
import test from 'ava'
import { pino } from 'pino'
import type { Engine, EngineContainer } from '../../api/docker/engine.types.ts'
import { createContainerStats } from '../../api/monitoring/container-stats.ts'
import { until } from '../helpers/until.ts'

const log = pino({ level: 'silent' })

const container = (id: string, state: EngineContainer['state'] = 'running'): EngineContainer => ({
  id,
  name: `name-${id}`,
  service: 'web',
  image: 'web',
  state,
  health: null,
  statusText: '',
  ...{ startedAt: null, finishedAt: null, restartCount: null, configFiles: [], isOneOff: false, imageId: 'sha256:1' },
  exitCode: null,
  ports: [],
  morePorts: 0,
  createdAt: new Date(0),
  project: 'shop',
  workingDir: null,
})

const sample = {
  cpuPercent: 1,
  memoryBytes: 2,
  memoryLimitBytes: 3,
  networkRxBytes: 4,
  networkTxBytes: 5,
  blockReadBytes: 6,
  blockWriteBytes: 7,
}

/** An Engine with more containers than a test machine can run. Each stream gives one sample, then waits. Ids that start with "bad" fail. */
function manyContainers() {
  const opened: string[] = []
  const open = new Set<string>()
  const refuse = () => Promise.reject(new Error('not used in this test'))
  const engine: Engine = {
    info: refuse,
    containers: refuse,
    image: refuse,
    details: refuse,
    setup: refuse,
    lastLines: refuse,
    watch: () => () => {},
    async *stats(id, signal) {
      opened.push(id)
      if (id.startsWith('bad')) throw new Error('the stream broke')
      open.add(id)
      try {
        yield sample
        if (!signal.aborted) await once(signal, 'abort')
      } finally {
        open.delete(id)
      }
    },
  }
  return { engine, opened, open }
}

test('follows only containers that are running', async (t) => {
  const { engine, opened } = manyContainers()
  const stats = createContainerStats({ engine, log })
  stats.sync([container('a'), container('b', 'exited'), container('c', 'paused'), container('d', 'restarting'), container('e', 'created')])
  await until(() => stats.latest().length === 2)
  t.deepEqual(opened, ['a', 'c'])
  t.deepEqual(stats.latest()[0], { id: 'a', name: 'name-a', appName: 'shop', state: 'running', ...sample })
  await stats.stop()
})

test('a second sync with the same containers opens nothing and keeps the samples, with updated names and states', async (t) => {
  const { engine, opened } = manyContainers()
  const stats = createContainerStats({ engine, log })
  stats.sync([container('a')])
  await until(() => stats.latest().length === 1)
  stats.sync([{ ...container('a', 'paused'), name: 'renamed' }])
  t.deepEqual(opened, ['a'])
  t.like(stats.latest()[0], { name: 'renamed', state: 'paused' })
  await stats.stop()
})

test('drops the stream and sample of a container that leaves the list', async (t) => {
  const { engine, open } = manyContainers()
  const stats = createContainerStats({ engine, log })
  stats.sync([container('a'), container('b')])
  await until(() => stats.latest().length === 2)
  stats.sync([container('b')])
  t.deepEqual(
    stats.latest().map(({ id }) => id),
    ['b'],
  )
  await until(() => open.size === 1)
  await stats.stop()
  t.is(open.size, 0)
})

test('reopens a failed stream at the next sync and not before', async (t) => {
  const { engine, opened } = manyContainers()
  const stats = createContainerStats({ engine, log })
  stats.sync([container('bad'), container('good')])
  await until(() => stats.streamCount() === 1 && stats.latest().length === 1)
  t.deepEqual(opened, ['bad', 'good'])
  stats.sync([container('bad'), container('good')])
  t.is(stats.streamCount(), 2)
  await until(() => stats.streamCount() === 1)
  t.deepEqual(opened, ['bad', 'good', 'bad'])
  await stats.stop()
})

test('a container that leaves and comes back at once has one stream, which the end of the old one does not touch', async (t) => {
  const { engine, open } = manyContainers()
  const stats = createContainerStats({ engine, log })
  stats.sync([container('a')])
  await until(() => open.size === 1)
  stats.sync([])
  stats.sync([container('a')])
  await until(() => stats.latest().length === 1)
  t.is(stats.streamCount(), 1)
  await stats.stop()
})

test('opens at most 200 streams and fills a free place at the next sync', async (t) => {
  const { engine, open } = manyContainers()
  const stats = createContainerStats({ engine, log })
  const all = Array.from({ length: 250 }, (_, index) => container(`c${index}`))
  stats.sync(all)
  await until(() => stats.latest().length === 200)
  t.is(open.size, 200)
  stats.sync(all.slice(60))
  await until(() => stats.latest().length === 190)
  await until(() => open.size === 190)
  t.is(stats.streamCount(), 190)
  await stats.stop()
})

test('stop ends every stream, and a later sync opens none', async (t) => {
  const { engine, open } = manyContainers()
  const stats = createContainerStats({ engine, log })
  stats.sync([container('a'), container('b')])
  await until(() => open.size === 2)
  await stats.stop()
  t.is(open.size, 0)
  stats.sync([container('a')])
  t.is(stats.streamCount(), 0)
  t.deepEqual(stats.latest(), [])
  await stats.stop()
})
