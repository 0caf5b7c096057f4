import test from 'ava'
import { pino } from 'pino'
import type { ContainerUsage, EngineContainer } from '../../api/docker/engine.types.ts'
import { createContainerStats } from '../../api/monitoring/container-stats.ts'

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

const rest = { memoryBytes: 2, memoryLimitBytes: 3, networkRxBytes: 4, networkTxBytes: 5, blockReadBytes: 6, blockWriteBytes: 7 }

/** An Engine with more containers than a test machine can run. Each uses half a core of four. Ids that start with "bad" fail. */
function manyContainers() {
  const asked: string[] = []
  let seconds = 0
  let atOnce = 0
  let most = 0
  const engine = {
    async usage(id: string): Promise<ContainerUsage | null> {
      asked.push(id)
      most = Math.max(most, (atOnce += 1))
      await Promise.resolve()
      atOnce -= 1
      if (id.startsWith('bad')) throw new Error('not now')
      return id.startsWith('gone') ? null : { cpuTime: seconds * 0.5e9, systemTime: seconds * 4e9, cores: 4, ...rest }
    },
  }
  const stats = createContainerStats({ engine, log })
  return {
    stats,
    asked,
    most: () => most,
    async read() {
      seconds += 1
      await stats.read()
      return stats.latest()
    },
  }
}

test('measures only containers that run, from two readings on', async (t) => {
  const { stats, asked, read } = manyContainers()
  stats.setContainers(['a', 'b', 'c'].map((id, i) => container(id, (['running', 'exited', 'paused'] as const)[i])))
  t.deepEqual(await read(), [])
  t.true(stats.hasNew())
  const [first, second] = await read()
  t.deepEqual(first, { id: 'a', name: 'name-a', appName: 'shop', service: 'web', state: 'running', cpuPercent: 50, ...rest })
  t.is(second?.id, 'c')
  t.deepEqual(asked, ['a', 'c', 'a', 'c'])
  t.false(stats.hasNew())
})

test('a new list keeps the readings, with updated names and states, and drops those of what is gone', async (t) => {
  const { stats, read } = manyContainers()
  stats.setContainers([container('a'), container('b')])
  await read()
  await read()
  stats.setContainers([{ ...container('a', 'paused'), name: 'renamed' }])
  t.deepEqual(
    stats.latest().map(({ name, state }) => ({ name, state })),
    [{ name: 'renamed', state: 'paused' }],
  )
  stats.setContainers([container('b')])
  t.deepEqual(stats.latest(), [])
})

test('one that cannot be read, or has stopped, is left out and costs the others nothing', async (t) => {
  const { stats, read } = manyContainers()
  stats.setContainers([container('bad'), container('gone'), container('good')])
  await read()
  t.deepEqual(
    (await read()).map(({ id }) => id),
    ['good'],
  )
})

test('measures at most 200, a few at once, and says how many more there are', async (t) => {
  const { stats, asked, most, read } = manyContainers()
  stats.setContainers(Array.from({ length: 250 }, (_, index) => container(`c${index}`)))
  await read()
  t.is((await read()).length, 200)
  t.is(asked.length, 400)
  t.true(most() <= 8)
  t.is(stats.more(), 50)
})

test('who asks while it reads waits for the same readings', async (t) => {
  const { stats, asked } = manyContainers()
  stats.setContainers([container('a')])
  await Promise.all([stats.read(), stats.read()])
  t.deepEqual(asked, ['a'])
})
