import { setImmediate as nextTurn } from 'node:timers/promises'
import test from 'ava'
import type { AppRow } from '../../../api/apps/app.entity.ts'
import type { ContainerFacts } from '../../../api/apps/container-facts.ts'
import { createDeploys } from '../../../api/apps/deploy/deploys.ts'
import { createGate, type Verdict } from '../../../api/apps/deploy/gate.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { until } from '../../helpers/until.ts'

const container = (service: string, start: Date, facts: Partial<ContainerFacts> = {}): ContainerFacts => ({
  ...{ id: service, name: `shop-${service}-1`, service, image: 'web', state: 'running', health: null, statusText: '' },
  ...{ exitCode: null, startedAt: start, finishedAt: null, restartCount: 0, ports: [], morePorts: 0, createdAt: start },
  ...{ restartPolicy: 'no', wasStopped: false, upSince: start, lastRunMs: null, lastExitCode: null, outOfMemory: false },
  ...{ startError: null, isOneOff: false, firstUpSince: start, healthySince: null, longestCheckMs: null },
  ...facts,
})
const wants = (name: string) => ({ name, image: null, replicas: 1, isJob: false, restart: 'no' as const })
const checked = { health: 'starting', longestCheckMs: 90_000 } as const

type Rest = Omit<Parameters<typeof createDeploys>[0], 'gate' | 'deploy'>

/** A gate whose containers and time are moved by hand: real ones would need minutes. */
function setUp(...services: string[]) {
  const clock = createManualClock()
  let containers: ContainerFacts[] = []
  let away: string | null = null
  let unread: ContainerFacts[] | null = null
  async function refresh(): Promise<void> {
    await nextTurn()
    containers = unread ?? containers
  }
  const watch = { away: () => away, refresh }
  const gate = createGate({ clock, watch, containersOf: () => containers, usualDeadlineMs: 300_000 })
  const row = { wanted: services.map(wants) } as unknown as AppRow
  const words: string[] = []
  return {
    ...{ clock, words, gate, row },
    container: (service: string, facts: Partial<ContainerFacts> = {}) => container(service, clock.now(), facts),
    /** Docker reports other containers. */
    report(...now: ContainerFacts[]): void {
      containers = now
      gate.look()
    },
    lose(reason: string | null): void {
      away = reason
    },
    /** What Docker has and the program has not read yet. */
    hide(...now: ContainerFacts[]): void {
      unread = now
    },
    open(deadlineMs: number | null = null) {
      const deploy = gate.open(row, { deadlineMs, onWaiting: (said) => words.push(said) })
      let verdict: Verdict | undefined
      void deploy.verdict.then((given) => (verdict = given))
      return { ...deploy, given: () => verdict }
    },
  }
}

test('a start of three minutes is fine, and is told every 5 s without asking Docker', async (t) => {
  const { clock, words, container: make, report, open } = setUp('db', 'web')
  const deploy = open()
  const db = make('db', checked)
  report(db, make('web', { health: 'healthy', longestCheckMs: 90_000 }))
  await deploy.composeEnded()
  clock.advance(180_000)
  t.is(deploy.given(), undefined)
  t.is(words.at(-1), '1 of 2 healthy, db starting, 120 s left')
  t.is(words.length, 37)
  report({ ...db, health: 'healthy', healthySince: clock.now() }, make('web', { health: 'healthy', longestCheckMs: 90_000 }))
  t.deepEqual(await deploy.verdict, { verdict: 'healthy' })
  t.is(clock.waiting(), 0, 'nothing waits any more')
})

test('starting for 30 s and then unhealthy fails at once', async (t) => {
  const { clock, container: make, report, open } = setUp('db')
  const deploy = open()
  const db = make('db', checked)
  report(db)
  await deploy.composeEnded()
  clock.advance(30_000)
  report({ ...db, health: 'unhealthy' })
  t.deepEqual(await deploy.verdict, { verdict: 'failed', service: 'db', reason: 'service db is unhealthy' })
})

/** Deploys through this gate, with a Compose that ends when `compose` does. */
function deploysOf(gate: ReturnType<typeof createGate>, compose: Promise<void>) {
  const run = {
    signal: new AbortController().signal,
    step() {},
    line() {},
    warn() {},
    withoutDeadline: <T>(wait: () => Promise<T>) => wait(),
  }
  const rest = { versions: {}, images: {}, records: {}, log: {}, goBack: () => Promise.reject(new Error('not here')) } as unknown as Rest
  return { run, deploys: createDeploys({ gate, deploy: { up: () => compose }, ...rest }) }
}

test('a container from before that nobody has read yet, as right after a start, is not taken for one of the deploy', async (t) => {
  const { gate, row, container: make, report, hide } = setUp('db')
  const compose = Promise.withResolvers<void>()
  const { deploys, run } = deploysOf(gate, compose.promise)
  const old = make('db', { health: 'healthy', longestCheckMs: 1000 })
  hide(old)
  const judged = deploys.judged(row, null, run)
  await nextTurn()
  await nextTurn()
  report({ ...old, state: 'exited', exitCode: 0, wasStopped: true })
  const fresh = { ...old, id: 'its successor' }
  report(fresh)
  hide(fresh)
  compose.resolve()
  t.is(await judged, null)
})

test('a deploy does not begin while Docker does not answer', async (t) => {
  const { gate, row, lose } = setUp('db')
  lose('Docker does not answer at /var/run/docker.sock')
  const { deploys, run } = deploysOf(gate, Promise.resolve())
  await t.throwsAsync(deploys.judged(row, null, run), { message: 'Docker does not answer at /var/run/docker.sock' })
})

test("while Compose waits for a dependency, the gate's deadline holds and not the operation's", async (t) => {
  const { gate, row, container: make, report } = setUp('db', 'web')
  const compose = Promise.withResolvers<void>()
  const { deploys, run } = deploysOf(gate, compose.promise)
  let isWithout = false
  async function withoutDeadline<T>(wait: () => Promise<T>): Promise<T> {
    isWithout = true
    return wait().finally(() => (isWithout = false))
  }
  const judged = deploys.judged(row, 600, { ...run, withoutDeadline })
  await nextTurn()
  await nextTurn()
  t.false(isWithout, 'images are pulled')
  report(make('db', checked))
  t.true(isWithout, 'db has started')
  const well = { health: 'healthy', longestCheckMs: 90_000 } as const
  report(make('db', well), make('web', well))
  compose.resolve()
  t.is(await judged, null)
  await nextTurn()
  t.false(isWithout)
})

test('at the deadline it fails without any news from Docker', async (t) => {
  const { clock, container: make, report, open } = setUp('db')
  const deploy = open(20_000)
  report(make('db', checked))
  await deploy.composeEnded()
  clock.advance(20_000)
  t.like(await deploy.verdict, { verdict: 'failed', reason: 'service db was not healthy within 20 s: starting' })
})

test('containers that Compose may still replace are not judged, and those it leaves are judged when it has ended', async (t) => {
  const { clock, container: make, report, open } = setUp('db')
  const old = make('db', { health: 'unhealthy', longestCheckMs: 1000 })
  report(old)
  const deploy = open()
  clock.advance(1000)
  report(old)
  await Promise.resolve()
  t.is(deploy.given(), undefined)
  await deploy.composeEnded()
  t.like(await deploy.verdict, { verdict: 'failed', reason: 'service db is unhealthy' })
})

test('a container that Compose starts again is judged while Compose runs', async (t) => {
  const { clock, container: make, report, open } = setUp('db', 'web')
  const old = make('db', { state: 'exited', exitCode: 1 })
  report(old)
  const deploy = open()
  clock.advance(5000)
  report({ ...old, startedAt: clock.now(), upSince: clock.now() })
  t.like(await deploy.verdict, { verdict: 'failed', reason: 'service db exited with code 1' }, 'although web has no container yet')
})

test('says nothing while Docker does not answer, and goes on when it does', async (t) => {
  const { clock, container: make, report, open, lose } = setUp('db')
  const deploy = open(20_000)
  const db = make('db', checked)
  report(db)
  await deploy.composeEnded()
  lose('Docker does not answer')
  clock.advance(60_000)
  await Promise.resolve()
  t.is(deploy.given(), undefined)
  lose(null)
  report({ ...db, health: 'healthy', healthySince: clock.now() })
  await until(() => deploy.given() !== undefined)
  t.deepEqual(deploy.given(), { verdict: 'healthy' })
})

test('one that is stopped gives no verdict and waits for nothing', async (t) => {
  const { clock, container: make, report, open } = setUp('db')
  const deploy = open()
  report(make('db', checked))
  await deploy.composeEnded()
  deploy.stop()
  t.is(clock.waiting(), 0)
  report(make('db', { ...checked, health: 'unhealthy' }))
  clock.advance(600_000)
  await Promise.resolve()
  t.is(deploy.given(), undefined)
})

test('a container that ended just before its 10 s, while the news is on its way, is not called healthy', async (t) => {
  const { clock, container: make, report, hide, open } = setUp('web')
  const deploy = open()
  const web = make('web')
  report(web)
  await deploy.composeEnded()
  hide({ ...web, state: 'exited', exitCode: 4, finishedAt: clock.now() })
  clock.advance(10_000)
  await until(() => deploy.given() !== undefined)
  t.deepEqual(deploy.given(), { verdict: 'failed', service: 'web', reason: 'service web exited with code 4' })
})
