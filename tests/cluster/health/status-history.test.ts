import test, { type ExecutionContext } from 'ava'
import { createStatusHistory, type StatusHistory } from '../../../api/cluster/health/status-history.ts'
import { nodeInput, onlineNode, primaryId, registryOf, type RegistryOptions, type TestRegistry } from '../../helpers/registry.ts'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

interface Fixture extends TestRegistry {
  history: StatusHistory
  /** Restarts the process after `awayMs`, with or without a clean stop. */
  again(options: { awayMs: number; clean: boolean }): Promise<Fixture>
}

async function fixtureOf(t: ExecutionContext, former?: TestRegistry): Promise<Fixture> {
  const later: { history?: StatusHistory } = {}
  const options: RegistryOptions = {
    onChange: (node, before) => later.history?.record(node, before),
    onRemoved: (id) => later.history?.forget(id),
  }
  const fixture = await (former ? former.restart(options) : registryOf(t, options))
  const { registry, database, clock } = fixture
  await registry.start()
  const history = createStatusHistory({ em: database.em, nodes: registry.list, clock })
  later.history = history
  await history.start()
  return {
    ...fixture,
    history,
    async again({ awayMs, clean }) {
      if (clean) {
        await history.flush()
        await history.beat({ last: true })
      }
      clock.advance(awayMs)
      return fixtureOf(t, fixture)
    },
  }
}

function fail({ registry, clock }: Fixture, id: string, times = 3): void {
  for (let i = 0; i < times; i++)
    registry.observe(id, { kind: 'check-failed', by: 'check', startedAt: clock.now(), reason: 'connection refused' })
}

/** Advances time while this node keeps running. */
async function watch({ clock, history }: Fixture, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += minute) {
    clock.advance(minute)
    await history.beat()
  }
}

const shares = ({ history }: Fixture, id: string) => {
  const { day, week, month } = history.uptimeOf(id)
  return { day: day.share, week: week.share, month: month.share }
}

const brief = async ({ history }: Fixture, id: string, limit = 100) =>
  (await history.page(id, { limit })).map(({ from, to, signal, durationMs }) => ({ from, to, signal, durationMs }))

test('every change is kept with signal, reason and duration, including the first, newest first', async (t) => {
  const fixture = await fixtureOf(t)
  const { registry, clock, history } = fixture
  const { id } = await registry.register(nodeInput())
  clock.advance(1000)
  registry.observe(id, { kind: 'heartbeat' })
  clock.advance(hour)
  fail(fixture, id, 3)
  clock.advance(minute)
  fail(fixture, id, 8)
  t.deepEqual(await brief(fixture, id), [
    { from: 'offline', to: 'unreachable', signal: 'check', durationMs: null },
    { from: 'online', to: 'offline', signal: 'check', durationMs: minute },
    { from: 'offline', to: 'online', signal: 'heartbeat', durationMs: hour },
    { from: null, to: 'offline', signal: 'registration', durationMs: 1000 },
  ])
  t.like((await history.page(id, { limit: 1 }))[0], { reason: 'connection refused', at: clock.now() })
  t.deepEqual(await brief(fixture, primaryId), [{ from: null, to: 'online', signal: 'self', durationMs: null }])
})

test('pages are contiguous, and the first change on a page has its duration', async (t) => {
  const fixture = await fixtureOf(t)
  const { id } = await onlineNode(fixture)
  for (let i = 0; i < 5; i++) {
    fixture.clock.advance(minute)
    fail(fixture, id)
    fixture.clock.advance(hour)
    fixture.registry.observe(id, { kind: 'heartbeat' })
  }
  const whole = await fixture.history.page(id, { limit: 100 })
  t.is(whole.length, 12)
  t.is(await fixture.history.count(id), 12)
  for (const size of [1, 4, 12]) {
    const paged: typeof whole = []
    for (let before: number | undefined; ; before = paged.at(-1)?.id) {
      const next = await fixture.history.page(id, { limit: size, before })
      if (next.length === 0) break
      paged.push(...next)
    }
    t.deepEqual(paged, whole, `pages of ${size}`)
  }
})

test('a clean stop loses nothing, and a missed change is added after a crash', async (t) => {
  const first = await fixtureOf(t)
  const { id } = await onlineNode(first)
  fail(first, id)
  const before = await brief(first, id)
  const second = await first.again({ awayMs: 1000, clean: true })
  t.deepEqual(await brief(second, id), before)
  second.registry.observe(id, { kind: 'heartbeat' })
  const back = second.clock.now()
  const third = await second.again({ awayMs: minute, clean: false })
  t.like((await third.history.page(id, { limit: 1 }))[0], { from: 'offline', to: 'online', signal: 'heartbeat', at: back })
  t.is((await brief(third, primaryId)).length, 1, 'a start is not a change')
})

test("uptime counts only observed time: not the primary's downtime, nor time before registration", async (t) => {
  const first = await fixtureOf(t)
  await watch(first, 2 * hour)
  const { id } = await onlineNode(first)
  t.deepEqual(shares(first, id), { day: null, week: null, month: null }, 'nothing was observed yet')
  await watch(first, hour)
  t.deepEqual(shares(first, id), { day: 1, week: 1, month: 1 })
  fail(first, id)
  await watch(first, hour)
  t.is(shares(first, id).day, 0.5)

  const second = await first.again({ awayMs: 10 * hour, clean: true })
  t.is(shares(second, id).day, 0.5, 'the downtime in between was not observed')
  await watch(second, hour)
  t.is(shares(second, id).day, 1 / 3)
  const third = await second.again({ awayMs: 90_000, clean: true })
  await watch(third, minute)
  t.is(shares(third, id).day, hour / (3 * hour + 150_000), 'a restart is not a gap')
  third.clock.advance(day + hour)
  await third.history.beat()
  t.deepEqual(shares(third, id).day, null, 'sleep is not observed either')
  t.is(shares(third, id).week, hour / (3 * hour + 150_000))
  t.is(shares(third, primaryId).week, 1)
})

test('a share comes with its observed time: minutes, not 30 days, for a newly registered node', async (t) => {
  const fixture = await fixtureOf(t)
  await watch(fixture, 2 * hour)
  const { id } = await onlineNode(fixture)
  await watch(fixture, 14 * minute)
  const all = { share: 1, observedMs: 14 * minute }
  t.deepEqual(fixture.history.uptimeOf(id), { day: all, week: all, month: all })
})

test('registering is not an outage: uptime starts with the first answer, also after a restart', async (t) => {
  const first = await fixtureOf(t)
  const { id } = await first.registry.register(nodeInput('worker-1'))
  await watch(first, hour)
  t.deepEqual(first.history.uptimeOf(id).day, { share: null, observedMs: 0 }, 'it may still be being set up')
  for (let i = 0; i < 11; i++) fail(first, id, 1)
  t.is(first.registry.get(id).health.status, 'unreachable')
  await watch(first, hour)
  t.deepEqual(first.history.uptimeOf(id).day, { share: null, observedMs: 0 })
  first.registry.observe(id, { kind: 'heartbeat' })
  await watch(first, hour)
  t.deepEqual(first.history.uptimeOf(id).day, { share: 1, observedMs: hour })
  fail(first, id)
  await watch(first, hour)
  const second = await first.again({ awayMs: minute, clean: true })
  t.is(second.history.uptimeOf(id).day.share, hour / (2 * hour + minute), 'a node that has answered and then goes away is down')
})

test('a crash loses at most a minute of observed time', async (t) => {
  const first = await fixtureOf(t)
  const { id } = await onlineNode(first)
  await watch(first, hour)
  fail(first, id)
  await watch(first, hour)
  await first.history.flush()
  const second = await first.again({ awayMs: day / 2, clean: false })
  const { day: share } = shares(second, id)
  t.true(share !== null && share >= 0.5 && share <= hour / (2 * hour - minute), `${share}`)
})

test('a removed node leaves nothing behind, and its pending changes are dropped', async (t) => {
  const fixture = await fixtureOf(t)
  const { id } = await onlineNode(fixture)
  await fixture.history.flush()
  fail(fixture, id)
  await fixture.registry.remove(id)
  await fixture.history.flush()
  t.is(await fixture.history.count(id), 0)
  t.deepEqual(shares(fixture, id), { day: null, week: null, month: null })
})

test("removing a node with pending changes does not block other nodes' changes", async (t) => {
  const fixture = await fixtureOf(t)
  const [gone, here] = [await onlineNode(fixture), await onlineNode(fixture, nodeInput('worker-2'))]
  await fixture.registry.remove(gone.id)
  await fixture.history.flush()
  t.is(await fixture.history.count(here.id), 2)
})

test('changes that could not be written are written later, in their original order', async (t) => {
  const fixture = await fixtureOf(t)
  const { id } = await onlineNode(fixture)
  await fixture.history.flush()
  const execute = (sql: string) => fixture.database.em.getConnection().execute(sql)
  await execute(`create trigger "full" before insert on "status_changes" begin select raise(abort, 'the disk is full'); end`)
  fail(fixture, id)
  await t.throwsAsync(fixture.history.flush(), { message: /the disk is full/ })
  fixture.clock.advance(minute)
  fixture.registry.observe(id, { kind: 'heartbeat' })
  await t.throwsAsync(fixture.history.flush(), { message: /the disk is full/ })
  await execute('drop trigger "full"')
  fixture.clock.advance(minute)
  fail(fixture, id)
  const changes = (await fixture.history.page(id, { limit: 3 })).map(({ to, durationMs }) => ({ to, durationMs }))
  t.deepEqual(changes, [
    { to: 'offline', durationMs: null },
    { to: 'online', durationMs: minute },
    { to: 'offline', durationMs: minute },
  ])
})

test('keeps 90 days, the status held at their start, and at most 1,000 changes per node', async (t) => {
  const fixture = await fixtureOf(t)
  const [quiet, restless] = [await onlineNode(fixture), await onlineNode(fixture, nodeInput('worker-2'))]
  fixture.clock.advance(day)
  fail(fixture, quiet.id)
  for (let i = 0; i < 600; i++) {
    fail(fixture, restless.id)
    fixture.registry.observe(restless.id, { kind: 'heartbeat' })
  }
  fixture.clock.advance(89 * day)
  await fixture.history.flush()
  await fixture.history.prune()
  t.is(await fixture.history.count(restless.id), 1000)
  t.is(await fixture.history.count(quiet.id), 3, 'none is older than 90 days')
  fixture.clock.advance(day + 1)
  await fixture.history.prune()
  t.deepEqual(await brief(fixture, quiet.id), [{ from: 'online', to: 'offline', signal: 'check', durationMs: null }])
  t.is(await fixture.history.count(restless.id), 1, 'the current status')
  await fixture.history.beat()
  await watch(fixture, hour)
  t.deepEqual([shares(fixture, quiet.id).day, shares(fixture, restless.id).day], [0, 1])
})

test('uptime of 50 nodes with full histories is fast and does not query the database', async (t) => {
  const fixture = await fixtureOf(t)
  const nodes = await Promise.all(Array.from({ length: 50 }, (_, index) => fixture.registry.register(nodeInput(`worker-${index}`))))
  for (let i = 0; i < 500; i++) {
    fixture.clock.advance(minute)
    for (const { id } of nodes) {
      fail(fixture, id)
      fixture.registry.observe(id, { kind: 'heartbeat' })
    }
  }
  await fixture.history.beat()
  await fixture.database.close(true)
  const started = performance.now()
  for (const { id } of nodes) fixture.history.uptimeOf(id)
  t.true(performance.now() - started < 500)
})
