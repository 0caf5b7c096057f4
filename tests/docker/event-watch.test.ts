import test, { type ExecutionContext } from 'ava'
import { pino } from 'pino'
import type { Clock } from '../../api/clock.ts'
import { createEngine } from '../../api/docker/engine.ts'
import type { ContainerEvent } from '../../api/docker/engine.types.ts'
import { createContainer, uniqueName } from '../helpers/docker.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { socketProxy } from '../helpers/socket-proxy.ts'
import { until } from '../helpers/until.ts'

/** Watches the real Engine through a proxy. Every handler call adds one entry to `seen`. */
async function setUp(t: ExecutionContext, options: { clock: Clock; isAway?: boolean }) {
  const proxy = await socketProxy(t)
  if (options.isAway) await proxy.close()
  const seen: (string | ContainerEvent)[] = []
  const engine = createEngine({ log: pino({ level: 'silent' }), clock: options.clock, dockerHost: `unix://${proxy.path}` })
  const stop = engine.watch({
    onUp: () => seen.push('up'),
    onDown: (reason) => seen.push(`down: ${reason}`),
    onContainerEvent: (event) => seen.push(event),
  })
  t.teardown(stop)
  const words = (): string[] => seen.filter((entry) => typeof entry === 'string')
  const of = (containerId: string): ContainerEvent[] =>
    seen.filter((entry) => typeof entry !== 'string').filter((event) => event.containerId === containerId)
  return { proxy, stop, words, of }
}

test("reports a container's start and die with its Compose project, and no exec events", async (t) => {
  const { words, of } = await setUp(t, { clock: createManualClock() })
  await until(() => words().length === 1)
  const project = uniqueName()
  const labels = { 'com.docker.compose.project': project, 'com.docker.compose.project.working_dir': '/srv/é' }
  const container = await createContainer(t, { Labels: labels })
  await container.start()
  await until(() => of(container.id).length === 2)
  const exec = await container.exec({ Cmd: ['true'] })
  ;(await exec.start({ Detach: true })).destroy()
  await container.kill()
  await until(() => of(container.id).some(({ action }) => action === 'die'))
  t.deepEqual(
    of(container.id).map(({ action }) => action),
    ['create', 'start', 'kill', 'die'],
  )
  t.regex(of(container.id)[2]?.signal ?? '', /^(9|SIGKILL)$/)
  t.like(of(container.id)[1], { project, workingDir: '/srv/é' })

  const alone = await createContainer(t)
  await until(() => of(alone.id).length === 1)
  t.like(of(alone.id)[0], { action: 'create', project: null, workingDir: null })
  t.deepEqual(words(), ['up'])
})

test('a broken connection: reports down once, reconnects after a second, and events continue', async (t) => {
  const clock = createManualClock()
  const { proxy, words, of } = await setUp(t, { clock })
  await until(() => words().length === 1)
  proxy.cut()
  await until(() => words().length === 2)
  t.regex(words()[1] ?? '', /^down: Docker does not answer at .*docker\.sock/)
  t.deepEqual(clock.waits(), [1_000])
  clock.advance(999)
  t.is(proxy.connections(), 0)
  clock.advance(1)
  await until(() => words().length === 3)
  t.is(words()[2], 'up')
  const container = await createContainer(t)
  await until(() => of(container.id).length === 1)
  t.is(proxy.connections(), 1)
})

test('a missing Engine: reports down once, doubles the wait from 1 s to 30 s, and connects when it starts', async (t) => {
  const clock = createManualClock()
  const { proxy, words } = await setUp(t, { clock, isAway: true })
  const waits = []
  for (let attempt = 0; attempt < 7; attempt++) {
    await until(() => clock.waiting() === 1 && clock.waits()[0] !== 10_000)
    waits.push(clock.waits()[0])
    if (attempt < 6) clock.advance(clock.waits()[0] ?? 0)
  }
  t.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  t.is(words().length, 1)
  t.regex(words()[0] ?? '', /^down: .*the socket does not exist\. Is Docker installed and running\?$/)

  await proxy.listen()
  clock.advance(30_000)
  await until(() => words().length === 2)
  t.is(words()[1], 'up')

  await proxy.close()
  await until(() => words().length === 3)
  t.deepEqual(clock.waits(), [1_000], 'after it was up the waits start over')
})

test('pings notice an Engine that hangs without closing its connections', async (t) => {
  const clock = createManualClock()
  const { proxy, words } = await setUp(t, { clock })
  await until(() => words().length === 1)
  clock.advance(30_000)
  await until(() => clock.waits()[0] === 30_000)
  t.deepEqual(words(), ['up'], 'an Engine that answers stays up')

  proxy.freeze()
  clock.advance(30_000)
  await until(() => proxy.connections() === 2)
  clock.advance(10_000)
  await until(() => words().length === 2)
  t.regex(words()[1] ?? '', /^down: .*no answer within 10 s/)
  await until(() => proxy.connections() === 0)

  clock.advance(1_000)
  await until(() => proxy.connections() === 1)
  clock.advance(10_000)
  await until(() => proxy.connections() === 0 && clock.waiting() === 1)
  t.is(words().length, 2, 'a hanging attempt is abandoned and is not reported as another loss')
})

test('stop works at any time and more than once, and leaves no connection, timer or call behind', async (t) => {
  const clock = createManualClock()
  const connected = await setUp(t, { clock })
  await until(() => connected.words().length === 1)
  connected.stop()
  connected.stop()
  await until(() => connected.proxy.connections() === 0)

  const connecting = await setUp(t, { clock })
  connecting.stop()
  await until(() => connecting.proxy.connections() === 0)

  const waiting = await setUp(t, { clock, isAway: true })
  await until(() => waiting.words().length === 1)
  waiting.stop()

  await until(() => clock.waiting() === 0)
  t.deepEqual([connected.words().length, connecting.words().length, waiting.words().length], [1, 0, 1])
})

test('a failing handler does not end the watch', async (t) => {
  const container = await createContainer(t)
  const actions: string[] = []
  const engine = createEngine({ log: pino({ level: 'silent' }), clock: createManualClock() })
  const stop = engine.watch({
    onUp: () => void container.start(),
    onDown: (reason) => t.fail(reason),
    onContainerEvent(event) {
      if (event.containerId !== container.id) return
      actions.push(event.action)
      if (event.action === 'start') void container.kill()
      throw new Error('planned')
    },
  })
  t.teardown(stop)
  await until(() => actions.length === 3)
  t.deepEqual(actions, ['start', 'kill', 'die'])
})
