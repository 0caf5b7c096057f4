import test, { type ExecutionContext } from 'ava'
import { createAlarms, type Alarms } from '../../../api/cluster/health/alarms.ts'
import { createHolds } from '../../../api/cluster/members/holds.ts'
import type { ClusterNode } from '../../../api/cluster/members/node-registry.ts'
import { createStatusHistory, type StatusHistory } from '../../../api/cluster/health/status-history.ts'
import { recordedLog } from '../../helpers/recorded-log.ts'
import { nodeInput, onlineNode, primaryId, registryOf, type RegistryOptions, type TestRegistry } from '../../helpers/registry.ts'

const second = 1000
const hour = 3600 * second

interface Watched extends TestRegistry {
  alarms: Alarms
  holds: ReturnType<typeof createHolds>
  /** The alarms that viewers received. */
  told: string[][]
  alarmLines: () => string[]
  again(awayMs: number): Promise<Watched>
}

/** A primary's registry, history and alarms, wired as in services.ts. */
async function watched(t: ExecutionContext, former?: TestRegistry): Promise<Watched> {
  const later: { history?: StatusHistory; alarms?: Alarms } = {}
  const options: RegistryOptions = {
    onChange(node, before) {
      later.history?.record(node, before)
      later.alarms?.nodeChanged(node, before)
    },
    onRemoved(id) {
      later.history?.forget(id)
      later.alarms?.nodeRemoved(id)
    },
  }
  const fixture = await (former ? former.restart(options) : registryOf(t, options))
  const { registry, database, clock } = fixture
  await registry.start()
  const { log, messages } = recordedLog()
  const history = createStatusHistory({ em: database.em, nodes: registry.list, clock })
  await history.start()
  const told: string[][] = []
  const alarms = createAlarms({
    selfId: primaryId,
    nodes: registry.list,
    findNode: registry.find,
    downSince: history.downSince,
    clock,
    log,
    onChange: () => void told.push(kindsOf({ alarms, registry })),
  })
  Object.assign(later, { history, alarms })
  alarms.start()
  const alarmLines = () => messages().filter((message) => /^alarm (raised|cleared)$/.test(message))
  const holds = createHolds({ registry, isPrimary: true, clock, log })
  return {
    ...fixture,
    alarms,
    holds,
    told,
    alarmLines,
    async again(awayMs) {
      await history.flush()
      alarms.stop()
      clock.advance(awayMs)
      return watched(t, fixture)
    },
  }
}

const kindsOf = ({ alarms, registry }: Pick<Watched, 'alarms' | 'registry'>): string[] =>
  alarms.list().map(({ kind, nodeId }) => (nodeId === null ? kind : `${registry.find(nodeId)?.name} down`))

async function workers(fixture: Watched, count: number): Promise<ClusterNode[]> {
  const made: ClusterNode[] = []
  for (let i = 1; i <= count; i++) made.push(await onlineNode(fixture, nodeInput(`w${i}`)))
  return made
}

function fail({ registry, clock }: Watched, ids: ClusterNode[], times = 3): void {
  for (const { id } of ids) {
    for (let i = 0; i < times; i++)
      registry.observe(id, { kind: 'check-failed', by: 'session', startedAt: clock.now(), reason: 'connection refused' })
  }
}

const answer = ({ registry }: Watched, nodes: ClusterNode[]): void => {
  for (const { id } of nodes) registry.observe(id, { kind: 'heartbeat' })
}

test('a node that stays down for 3 s raises an alarm, which clears when the node answers', async (t) => {
  const fixture = await watched(t)
  const nodes = await workers(fixture, 1)
  fixture.clock.advance(hour)
  const since = fixture.clock.now()
  fail(fixture, nodes)
  fixture.clock.advance(3 * second - 1)
  t.deepEqual(fixture.alarms.list(), [])
  fixture.clock.advance(1)
  t.like(fixture.alarms.list()[0], { kind: 'node-down', nodeId: nodes[0]?.id, since, message: 'w1 is offline: connection refused' })
  const { id } = fixture.alarms.list()[0] ?? {}
  fixture.clock.advance(hour)
  fail(fixture, nodes, 8)
  t.is(fixture.registry.get(nodes[0]?.id ?? '').health.status, 'unreachable')
  t.deepEqual(
    fixture.alarms.list().map((alarm) => [alarm.id, alarm.since]),
    [[id, since]],
    'getting worse raises no second alarm',
  )
  t.is(fixture.alarms.list()[0]?.message, 'w1 is unreachable: connection refused')
  answer(fixture, nodes)
  t.deepEqual(fixture.told, [['w1 down'], ['w1 down'], []])
  t.deepEqual(fixture.alarmLines(), ['alarm raised', 'alarm cleared'])
})

test('no alarm for a node that is back at once, that never answered, or that has a new address', async (t) => {
  const fixture = await watched(t)
  const nodes = await workers(fixture, 1)
  fail(fixture, nodes)
  fixture.clock.advance(2 * second)
  answer(fixture, nodes)
  const never = await fixture.registry.register(nodeInput('never'))
  fail(fixture, [never], 12)
  await fixture.registry.update(nodes[0]?.id ?? '', { apiEndpoint: 'http://10.0.0.99:8080' })
  fail(fixture, nodes)
  fixture.clock.advance(hour)
  t.deepEqual(fixture.told, [])
  t.is(fixture.clock.waiting(), 0)
})

test('a node back and lost again within 3 s starts the 3 s over, and the alarm dates from the second loss', async (t) => {
  const fixture = await watched(t)
  const nodes = await workers(fixture, 1)
  fixture.clock.advance(hour)
  fail(fixture, nodes)
  fixture.clock.advance(second)
  answer(fixture, nodes)
  fixture.clock.advance(second)
  const since = fixture.clock.now()
  fail(fixture, nodes)
  fixture.clock.advance(3 * second - 1)
  t.deepEqual(fixture.alarms.list(), [])
  fixture.clock.advance(1)
  t.deepEqual(
    fixture.alarms.list().map((alarm) => alarm.since),
    [since],
  )
  t.deepEqual(fixture.told, [['w1 down']])
})

test('an alarm ends when its node is removed or enters maintenance, and returns when maintenance ends', async (t) => {
  const fixture = await watched(t)
  const [first, other] = await workers(fixture, 2)
  if (!first || !other) return t.fail()
  fixture.clock.advance(hour)
  const since = fixture.clock.now()
  fail(fixture, [first, other])
  fixture.clock.advance(3 * second)
  t.deepEqual(kindsOf(fixture).toSorted(), ['w1 down', 'w2 down'], 'two are too few to suspect the network')
  await fixture.registry.remove(other.id)
  await fixture.holds.startMaintenance(first.id, 'ann', {})
  t.deepEqual(kindsOf(fixture), [])
  fixture.clock.advance(hour)
  fail(fixture, [first])
  fixture.clock.advance(hour)
  t.deepEqual(kindsOf(fixture), [])
  await fixture.holds.endMaintenance(first.id, 'ann')
  fixture.clock.advance(0)
  t.deepEqual(kindsOf(fixture), ['w1 down'])
  t.deepEqual(fixture.alarms.list()[0]?.since, since)
})

test('when most nodes vanish at once, one alarm replaces theirs; nodes still down when most answer again get their own', async (t) => {
  const fixture = await watched(t)
  const nodes = await workers(fixture, 5)
  const [a, b, c, d] = nodes as [ClusterNode, ClusterNode, ClusterNode, ClusterNode]
  fixture.clock.advance(hour)
  const since = fixture.clock.now()
  fail(fixture, [a])
  fixture.clock.advance(10 * second)
  t.deepEqual(kindsOf(fixture), ['w1 down'])
  fail(fixture, [b])
  fixture.clock.advance(second)
  t.false(fixture.alarms.networkSuspected())
  fail(fixture, [c])
  t.true(fixture.alarms.networkSuspected(), 'automatic actions wait from now on')
  fixture.clock.advance(3 * second)
  t.deepEqual(kindsOf(fixture), ['network-suspected'])
  t.like(fixture.alarms.list()[0], { nodeId: null, since })
  t.regex(fixture.alarms.list()[0]?.message ?? '', /^3 of the 5 nodes that were online/)
  t.notRegex(fixture.alarms.list()[0]?.message ?? '', /w\d/)
  fail(fixture, [d])
  fixture.clock.advance(hour)
  t.deepEqual(kindsOf(fixture), ['network-suspected'])
  t.regex(fixture.alarms.list()[0]?.message ?? '', /^4 of the 5/)
  t.is(fixture.registry.get(d.id).health.status, 'offline', "each node's status is kept")

  answer(fixture, [d])
  t.true(fixture.alarms.networkSuspected(), '2 of 5')
  answer(fixture, [c])
  t.false(fixture.alarms.networkSuspected(), '3 of 5')
  t.deepEqual(kindsOf(fixture), [])
  answer(fixture, [b])
  fixture.clock.advance(3 * second)
  t.deepEqual(kindsOf(fixture), ['w1 down'])
  t.deepEqual(fixture.alarms.list()[0]?.since, since, 'since it went down, not since the suspicion ended')
  t.deepEqual(fixture.alarmLines(), [...['alarm raised', 'alarm raised', 'alarm cleared'], ...['alarm cleared', 'alarm raised']])
})

test('a second mass vanish in the same run raises a new alarm with its own since, which clears like the first', async (t) => {
  const fixture = await watched(t)
  const nodes = await workers(fixture, 3)
  const seen: { id: string; since: Date }[] = []
  for (let round = 0; round < 2; round += 1) {
    fixture.clock.advance(hour)
    const since = fixture.clock.now()
    fail(fixture, nodes)
    t.true(fixture.alarms.networkSuspected())
    t.deepEqual(kindsOf(fixture), [], 'not before the settle time')
    fixture.clock.advance(3 * second)
    t.deepEqual(kindsOf(fixture), ['network-suspected'])
    const [alarm] = fixture.alarms.list()
    t.deepEqual(alarm?.since, since)
    if (alarm) seen.push(alarm)
    answer(fixture, nodes)
    t.false(fixture.alarms.networkSuspected())
    t.deepEqual(kindsOf(fixture), [])
  }
  t.not(seen[0]?.id, seen[1]?.id)
  t.is(fixture.clock.waiting(), 0)
})

test('a node lost during a suspicion joins it, also after a restart: it counts and gets no alarm of its own', async (t) => {
  const first = await watched(t)
  const nodes = await workers(first, 5)
  first.clock.advance(hour)
  fail(first, nodes.slice(0, 3))
  first.clock.advance(40 * second)
  fail(first, nodes.slice(3))
  first.clock.advance(3 * second)
  t.deepEqual(kindsOf(first), ['network-suspected'])
  t.regex(first.alarms.list()[0]?.message ?? '', /^5 of the 5/)
  const again = await first.again(second)
  t.deepEqual(kindsOf(again), ['network-suspected'])
  t.regex(again.alarms.list()[0]?.message ?? '', /^5 of the 5/)
  answer(again, nodes.slice(3))
  t.true(again.alarms.networkSuspected(), '2 of 5')
  answer(again, nodes.slice(2, 3))
  t.false(again.alarms.networkSuspected(), '3 of 5')
  again.clock.advance(3 * second)
  t.deepEqual(kindsOf(again).toSorted(), ['w1 down', 'w2 down'])
})

test('after the clock is set back, a node that answers is up again although it was last seen in the future', async (t) => {
  const fixture = await watched(t)
  const nodes = await workers(fixture, 3)
  fixture.clock.advance(second)
  for (const { id } of nodes) fixture.alarms.sessionLost(id)
  t.true(fixture.alarms.networkSuspected())
  fixture.clock.set(-hour)
  answer(fixture, nodes)
  t.false(fixture.alarms.networkSuspected())
  fixture.clock.advance(hour)
  t.deepEqual(fixture.told, [])
})

test('lost sessions alone start a suspicion; passing checks end it before anyone is told', async (t) => {
  const fixture = await watched(t)
  const nodes = await workers(fixture, 4)
  for (const { id } of nodes) fixture.alarms.sessionLost(id)
  t.true(fixture.alarms.networkSuspected())
  fixture.clock.advance(2 * second)
  for (const { id } of nodes)
    fixture.registry.observe(id, { kind: 'check-passed', by: 'session', startedAt: new Date(fixture.clock.now().getTime() - 5) })
  t.false(fixture.alarms.networkSuspected())
  fixture.clock.advance(hour)
  t.deepEqual(fixture.told, [])
})

test('neither a failed check nor a change by a person brings back a node whose session was lost', async (t) => {
  const fixture = await watched(t)
  const nodes = await workers(fixture, 3)
  for (const { id } of nodes) fixture.alarms.sessionLost(id)
  for (const { id } of nodes) await fixture.registry.update(id, { labels: { env: 'lab' } })
  t.true(fixture.alarms.networkSuspected())
  fail(fixture, nodes, 1)
  t.true(fixture.alarms.networkSuspected())
})

const notAtOnce: { what: string; count: number; lost: number; apartMs: number }[] = [
  { what: 'two of two', count: 2, lost: 2, apartMs: 0 },
  { what: 'half of six', count: 6, lost: 3, apartMs: 0 },
  { what: 'all of four, one after the other', count: 4, lost: 4, apartMs: 16 * second },
]

for (const { what, count, lost, apartMs } of notAtOnce) {
  test(`${what}: each node has its own alarm`, async (t) => {
    const fixture = await watched(t)
    const nodes = await workers(fixture, count)
    for (const node of nodes.slice(0, lost)) {
      fixture.clock.advance(apartMs)
      fail(fixture, [node])
      t.false(fixture.alarms.networkSuspected())
    }
    fixture.clock.advance(3 * second)
    t.is(fixture.alarms.list().length, lost)
  })
}

test('nodes in maintenance and removed nodes do not count', async (t) => {
  const fixture = await watched(t)
  const nodes = await workers(fixture, 4)
  const [a, b, c] = nodes as [ClusterNode, ClusterNode, ClusterNode]
  await fixture.holds.startMaintenance(a.id, 'ann', {})
  fail(fixture, [a, b, c])
  t.false(fixture.alarms.networkSuspected(), 'two of three')
  answer(fixture, nodes)
  await fixture.holds.endMaintenance(a.id, 'ann')
  fixture.clock.advance(hour)
  fail(fixture, [a, b, c])
  t.true(fixture.alarms.networkSuspected())
  fixture.clock.advance(3 * second)
  await fixture.registry.remove(a.id)
  await fixture.holds.startMaintenance(b.id, 'ann', {})
  t.true(fixture.alarms.networkSuspected(), 'one of two')
  await fixture.registry.remove(c.id)
  t.false(fixture.alarms.networkSuspected())
  fixture.clock.advance(hour)
  t.deepEqual(kindsOf(fixture), [])
})

test('after a restart nodes that were down keep their alarm and its since, and nothing is announced again', async (t) => {
  const first = await watched(t)
  const nodes = await workers(first, 3)
  const never = await first.registry.register(nodeInput('never'))
  first.clock.advance(hour)
  fail(first, [never, ...nodes.slice(0, 1)])
  first.clock.advance(hour)
  fail(first, nodes.slice(0, 1), 8)
  const before = first.alarms.list()
  t.is(before.length, 1)
  const again = await first.again(hour)
  t.deepEqual(
    again.alarms.list().map(({ id, since }) => ({ id, since })),
    before.map(({ id, since }) => ({ id, since })),
  )
  again.clock.advance(hour)
  t.deepEqual(again.told, [])
  t.deepEqual(again.alarmLines(), [])
  answer(again, nodes)
  t.deepEqual(again.told, [[]])
})

test('a suspicion survives a restart as one alarm', async (t) => {
  const first = await watched(t)
  const nodes = await workers(first, 5)
  fail(first, nodes.slice(0, 1))
  first.clock.advance(hour)
  fail(first, nodes.slice(1, 4))
  first.clock.advance(3 * second)
  const before = kindsOf(first)
  t.deepEqual(before, ['network-suspected', 'w1 down'])
  const again = await first.again(hour)
  t.deepEqual(kindsOf(again), before)
  t.true(again.alarms.networkSuspected())
  t.deepEqual(
    again.alarms.list().map(({ id }) => id),
    first.alarms.list().map(({ id }) => id),
  )
  answer(again, nodes.slice(2))
  again.clock.advance(3 * second)
  t.deepEqual(kindsOf(again), ['w1 down', 'w2 down'])
})

test('a thousand nodes that vanish and return are handled within seconds', async (t) => {
  const fixture = await watched(t)
  const nodes = await Promise.all(Array.from({ length: 1000 }, async (_, index) => fixture.registry.register(nodeInput(`w${index}`))))
  answer(fixture, nodes)
  const started = performance.now()
  for (const { id } of nodes) fixture.alarms.sessionLost(id)
  fail(fixture, nodes)
  fixture.clock.advance(3 * second)
  t.deepEqual(kindsOf(fixture), ['network-suspected'])
  answer(fixture, nodes)
  fixture.clock.advance(3 * second)
  t.deepEqual(kindsOf(fixture), [])
  t.true(performance.now() - started < 5000)
})
