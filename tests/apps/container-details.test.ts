import test from 'ava'
import { createContainerDetails } from '../../api/apps/container-details.ts'
import type { ContainerDetails, EngineContainer } from '../../api/docker/engine.types.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { someContainer } from '../helpers/things.ts'

const listed = (given: Partial<EngineContainer> = {}): EngineContainer => ({
  ...someContainer({ id: 'db', service: 'db', ...given }),
  ...{ project: 'shop', workingDir: '/apps/shop', configFiles: [], isOneOff: false, imageId: 'sha256:1' },
})
const at = (seconds: number): Date => new Date(Date.parse('2026-01-26T20:00:00Z') + seconds * 1000)
const running: ContainerDetails = {
  image: 'nginx:1.29',
  createdAt: at(0),
  ...{ state: 'running', health: null, startedAt: at(0), finishedAt: null, exitCode: 0 },
  ...{ restartCount: 0, restartPolicy: 'always', outOfMemory: false, startError: null, longestCheckMs: null },
}

/** A stand-in Engine with one container, because a real one cannot be made to report these states at a chosen time. */
function setUp() {
  const clock = createManualClock()
  let says: ContainerDetails | null = running
  let asked = 0
  const engine = { details: async () => (asked++, says) }
  const details = createContainerDetails({ engine, clock })
  const event = (action: string, exitCode: number | null = null) =>
    details.heard({
      containerId: 'db',
      action,
      signal: null,
      exitCode,
      name: 'shop-db-1',
      service: 'db',
      project: 'shop',
      workingDir: '/apps/shop',
    })
  const read = async (container = listed()) => (await details.complete([container], () => true))[0]
  return { clock, event, read, say: (now: ContainerDetails | null) => (says = now), asked: () => asked }
}

test("the container's own details win when the Engine's list lags behind its events", async (t) => {
  const { event, read, say } = setUp()
  await read()
  event('die', 3)
  say({ ...running, state: 'restarting', finishedAt: at(2), exitCode: 3, restartCount: 1 })
  t.like(await read(listed({ state: 'running' })), { state: 'restarting', exitCode: 3, restartCount: 1, finishedAt: at(2) })
})

test('reads a container once, until an event or the list shows a change', async (t) => {
  const { event, read, asked } = setUp()
  await read()
  await read()
  t.is(asked(), 1)
  event('update')
  await read()
  t.is(asked(), 2)
  await read(listed({ state: 'paused' }))
  t.is(asked(), 3)
})

test('shows the name that a container was made with, when the list has an id since the name moved on', async (t) => {
  const { read, asked } = setUp()
  await read()
  t.is((await read(listed({ image: 'sha256:1' })))?.image, 'nginx:1.29')
  t.is(asked(), 1, 'known without asking again')
})

test("measures the start by this machine's clock and remembers how long the previous run lasted", async (t) => {
  const { clock, event, read, say } = setUp()
  await read()
  clock.advance(60_000)
  event('die', 1)
  event('start')
  // The Engine's clock is an hour ahead.
  say({ ...running, startedAt: at(3661), finishedAt: at(15), restartCount: 1 })
  t.like(await read(), { upSince: clock.now(), lastRunMs: 15_000, lastExitCode: 1 })
  clock.advance(5000)
  event('start')
  say({ ...running, startedAt: at(3700), restartCount: 0 })
  t.like(await read(), { upSince: clock.now(), lastRunMs: null }, 'it was started by hand')
})

test('remembers a stop until the next start, and forgets a removed container', async (t) => {
  const { event, read, say } = setUp()
  event('stop')
  t.true((await read())?.wasStopped)
  event('start')
  t.false((await read())?.wasStopped)
  say(null)
  t.like(await read(listed({ id: 'other' })), { wasStopped: false, restartPolicy: null, state: 'running' })
})
