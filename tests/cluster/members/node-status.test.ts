import test from 'ava'
import { defaultHealthPolicy as policy } from '../../../api/cluster/members/health-policy.ts'
import { initialHealth, isDue, observe, selfHealth, type NodeHealth, type Observation } from '../../../api/cluster/members/node-status.ts'

const start = new Date('2026-01-26T20:00:00Z')
const spread = { phase: 0, random: () => 0.5 }
const after = (from: Date, ms: number): Date => new Date(from.getTime() + ms)
const failed = (startedAt: Date, reason = 'connect ECONNREFUSED'): Observation => ({
  kind: 'check-failed',
  by: 'check',
  startedAt,
  reason,
})
const passed = (startedAt: Date): Observation => ({ kind: 'check-passed', by: 'check', startedAt })
const heartbeat: Observation = { kind: 'heartbeat' }
const registered: Observation = { kind: 'registered' }
const see = (health: NodeHealth, observation: Observation, now: Date): NodeHealth => observe(health, observation, now, policy, spread)

/** A node that answered at `start` and then failed its checks, each made on time. */
function afterFailures(count: number): { health: NodeHealth; now: Date } {
  let health = see(initialHealth(start), heartbeat, start)
  let now = start
  for (let i = 0; i < count; i++) {
    now = after(health.nextCheckAt ?? now, 0)
    health = see(health, failed(now), now)
  }
  return { health, now }
}

const boundaries = [
  { failures: 2, status: 'online', wait: 30_000 },
  { failures: 3, status: 'offline', wait: 120_000 },
  { failures: 5, status: 'offline', wait: 120_000 },
  { failures: 6, status: 'offline', wait: 300_000 },
  { failures: 10, status: 'offline', wait: 300_000 },
  { failures: 11, status: 'unreachable', wait: 900_000 },
  { failures: 20, status: 'unreachable', wait: 900_000 },
  { failures: 21, status: 'unreachable', wait: 1_800_000 },
  { failures: 40, status: 'unreachable', wait: 1_800_000 },
] as const

for (const { failures, status, wait } of boundaries) {
  test(`${failures} failures in a row: ${status}, next check after ${wait / 1000} s`, (t) => {
    const { health, now } = afterFailures(failures)
    t.is(health.consecutiveFailures, failures)
    t.is(health.status, status)
    t.is(health.statusReason, status === 'online' ? null : 'connect ECONNREFUSED')
    t.deepEqual(health.nextCheckAt, after(now, wait))
    t.deepEqual(health.lastHealthCheck, now)
    t.deepEqual(health.lastSeen, start)
  })

  for (const [name, answer] of [
    ['heartbeat', () => heartbeat],
    ['link that is put off', (): Observation => ({ kind: 'link-put-off' })],
    ['passed check', passed],
  ] as const) {
    test(`a ${name} after ${failures} failures: online at once and back in the 30 s band`, (t) => {
      const { health, now } = afterFailures(failures)
      const later = after(now, 1_000)
      const healed = see(health, answer(later), later)
      t.is(healed.status, 'online')
      t.is(healed.statusReason, null)
      t.is(healed.consecutiveFailures, 0)
      t.deepEqual([healed.lastSeen, healed.lastHealthCheck], [later, later])
      t.deepEqual(healed.statusSince, status === 'online' ? health.statusSince : later)
      const waitMs = (healed.nextCheckAt?.getTime() ?? 0) - later.getTime()
      t.true(waitMs >= 27_000 && waitMs <= 33_000, `${waitMs}`)
    })
  }
}

test('a node that is online again because it called says how it called', (t) => {
  const { health, now } = afterFailures(3)
  const signals = { heartbeat: 'heartbeat', session: 'session', 'link-put-off': 'session' } as const
  for (const kind of ['heartbeat', 'session', 'link-put-off'] as const) t.is(see(health, { kind }, now).statusSignal, signals[kind], kind)
})

test('statusSince and statusSignal describe the change, the reason the latest failure', (t) => {
  const offline = afterFailures(3)
  const later = after(offline.now, 120_000)
  const still = see(offline.health, { kind: 'check-failed', by: 'manual-check', startedAt: later, reason: 'Invalid API key' }, later)
  t.is(offline.health.statusSignal, 'check')
  t.deepEqual(offline.health.statusSince, offline.now)
  t.deepEqual(still.statusSince, offline.now)
  t.is(still.statusReason, 'Invalid API key')
  t.is(still.statusSignal, 'manual-check')
})

test('what a node that is online says next does not change since when, why and by which signal it is online', (t) => {
  const { health } = afterFailures(0)
  const checked = see(health, passed(start), after(start, 30_000))
  t.like(checked, { status: 'online', statusSince: start, statusSignal: 'heartbeat' })
})

test('a check as far away as its longest wait is not due, and one further away is', (t) => {
  const { health } = afterFailures(0)
  const ahead = (ms: number): boolean => isDue({ ...health, nextCheckAt: after(start, ms) }, start, policy)
  t.deepEqual([ahead(0), ahead(1), ahead(33_000), ahead(33_001)], [true, false, false, true])
})

test('heartbeats do not postpone the next check', (t) => {
  let health = see(initialHealth(start), heartbeat, start)
  health = see(health, passed(start), start)
  const due = health.nextCheckAt
  for (let ms = 0; ms <= 60_000; ms += 10_000) health = see(health, heartbeat, after(start, ms))
  t.deepEqual(health.nextCheckAt, due)
  t.true(isDue(health, after(start, 60_000), policy))
})

test('a check that failed while the node called is dated but adds no failure', (t) => {
  const called = see(initialHealth(start), heartbeat, after(start, 2_000))
  const now = after(start, 5_000)
  const health = see(called, failed(start), now)
  t.is(health.consecutiveFailures, 0)
  t.is(health.status, 'online')
  t.deepEqual(health.lastSeen, after(start, 2_000))
  t.deepEqual(health.lastHealthCheck, now)
  t.is(see(health, failed(after(start, 3_000)), now).consecutiveFailures, 1, 'a check that started after the call counts')
})

test('two failures at the same moment both count', (t) => {
  const { health, now } = afterFailures(1)
  const at = after(now, 30_000)
  const both = see(see(health, failed(at), at), failed(at), at)
  t.is(both.consecutiveFailures, 3)
  t.is(both.status, 'offline')
})

test('a registered node is offline with a reason and due at once, until it answers', (t) => {
  let health = initialHealth(start)
  t.is(health.status, 'offline')
  t.is(health.statusReason, 'Has not answered since it was registered')
  t.true(isDue(health, start, policy))
  for (const failures of [1, 2]) {
    health = see(health, failed(start), start)
    t.is(health.consecutiveFailures, failures)
    t.is(health.status, 'offline')
    t.is(health.statusReason, 'connect ECONNREFUSED')
    t.deepEqual(health.nextCheckAt, after(start, 30_000))
  }
  const answered = see(health, passed(start), after(start, 10))
  t.is(answered.status, 'online')
  t.is(see(answered, failed(after(start, 20)), after(start, 20)).status, 'online', 'one failure of a node that has answered')
})

test('a new endpoint or key resets failures, keeps history, and the node is offline until it answers', (t) => {
  const down = afterFailures(12)
  const now = after(down.now, 5_000)
  const changed = see(down.health, registered, now)
  t.like(changed, { status: 'offline', consecutiveFailures: 0, statusSignal: 'registration', answeredSinceRegistration: false })
  t.is(changed.statusReason, 'Has not answered since its endpoint or key changed')
  t.deepEqual([changed.statusSince, changed.nextCheckAt, changed.lastSeen], [now, now, start])
  t.is(see(changed, failed(now), now).status, 'offline')
  t.is(see(changed, heartbeat, now).status, 'online')
})

test('a check of the old endpoint does not count for the new one', (t) => {
  const changed = see(afterFailures(0).health, registered, after(start, 1_000))
  const now = after(start, 2_000)
  t.is(see(changed, passed(start), now), changed)
  t.is(see(changed, failed(start), now), changed)
})

test('this node is always online and never checked', (t) => {
  let health = selfHealth(start)
  t.true(health.answeredSinceRegistration)
  const now = after(start, 60_000)
  for (const observation of [failed(now), heartbeat, passed(now), registered]) {
    health = see(health, observation, now)
    t.like(health, { status: 'online', statusReason: null, statusSignal: 'self', consecutiveFailures: 0, nextCheckAt: null })
    t.deepEqual([health.statusSince, health.lastSeen], [start, now])
    t.false(isDue(health, after(now, 3_600_000), policy))
  }
})

test('a clock set back stops neither checks nor failures', (t) => {
  const { health } = afterFailures(0)
  const now = after(start, -3_600_000)
  t.true(isDue(health, now, policy))
  const failing = see(health, failed(now), now)
  t.is(failing.consecutiveFailures, 1)
  t.deepEqual(failing.lastSeen, start, 'timestamps do not move back')
  t.false(isDue(failing, now, policy))
  t.deepEqual(see(failing, heartbeat, now).lastSeen, start)
})
