import test from 'ava'
import fc from 'fast-check'
import { phaseOf } from '../../../api/cluster/members/check-times.ts'
import { defaultHealthPolicy as policy } from '../../../api/cluster/members/health-policy.ts'
import { initialHealth, observe, type CheckSignal, type NodeHealth, type Observation } from '../../../api/cluster/members/node-status.ts'

const start = Date.parse('2026-01-26T20:00:00Z')

interface Step {
  kind: Observation['kind']
  by: CheckSignal
  reason: string
  /** Time since the previous step. */
  passedMs: number
  /** How long the check took. */
  tookMs: number
}

const checkSignal = fc.constantFrom<CheckSignal>('check', 'manual-check', 'session')
const steps = (passedMs: fc.Arbitrary<number>, tookMs: fc.Arbitrary<number>): fc.Arbitrary<Step[]> => {
  // Mostly failures, so that runs cross every boundary.
  const kind = fc.oneof(
    { weight: 20, arbitrary: fc.constant('check-failed' as const) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'heartbeat' as const,
        'session' as const,
        'link-put-off' as const,
        'check-passed' as const,
        'registered' as const,
      ),
    },
  )
  return fc.array(fc.record({ kind, by: checkSignal, reason: fc.string(), passedMs, tookMs }), { maxLength: 80, size: 'max' })
}
const forward = steps(fc.integer({ min: 0, max: 7_200_000 }), fc.integer({ min: 0, max: 10_000 }))
const withClockChanges = steps(fc.integer({ min: -7_200_000, max: 7_200_000 }), fc.integer({ min: -10_000, max: 3_600_000 }))
const instantChecks = steps(fc.integer({ min: 1, max: 7_200_000 }), fc.constant(0))
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

const observationOf = ({ kind, by, reason, tookMs }: Step, now: Date): Observation => {
  const startedAt = new Date(now.getTime() - tookMs)
  if (kind === 'check-passed') return { kind, by, startedAt }
  return kind === 'check-failed' ? { kind, by, startedAt, reason } : { kind }
}

interface Move {
  before: NodeHealth
  after: NodeHealth
  observation: Observation
  now: Date
}

/** Every transition of a node through `all`. States are frozen, so a rule that changes its input throws. */
function play(all: Step[], phase: number, random: number): Move[] {
  let now = new Date(start)
  let before = Object.freeze(initialHealth(now))
  return all.map((step) => {
    now = new Date(now.getTime() + step.passedMs)
    const observation = observationOf(step, now)
    const after = Object.freeze(observe(before, observation, now, policy, { phase, random: () => random }))
    const move = { before, after, observation, now }
    before = after
    return move
  })
}

/** Checks `rule` for every transition of any run, with a steady clock and with one that is set back and forth. */
const always = (rule: (move: Move) => boolean): void => {
  for (const runs of [forward, withClockChanges])
    fc.assert(fc.property(runs, chance, chance, (all, phase, random) => play(all, phase, random).every(rule)))
}

/** The documented health table, written a second time. */
const statusByTable = (failures: number): string => (failures >= 11 ? 'unreachable' : failures >= 3 ? 'offline' : 'online')
const waitByTable = (failures: number): number =>
  1000 * (failures >= 21 ? 1800 : failures >= 11 ? 900 : failures >= 6 ? 300 : failures >= 3 ? 120 : 30)
const waitOf = ({ after, now }: Move): number => (after.nextCheckAt?.getTime() ?? NaN) - now.getTime()

test('the status matches the table once the node has answered', (t) => {
  always(({ after }) => !after.answeredSinceRegistration || after.status === statusByTable(after.consecutiveFailures))
  t.pass()
})

test('a node that has not answered is never online', (t) => {
  always(({ after }) => after.answeredSinceRegistration || after.status === (after.consecutiveFailures >= 11 ? 'unreachable' : 'offline'))
  t.pass()
})

test('there is a reason exactly when the node is not online', (t) => {
  always(({ after }) => (after.statusReason === null) === (after.status === 'online'))
  t.pass()
})

test('statusSince moves exactly when the status changes, and to now', (t) => {
  always(({ before, after, now }) =>
    before.status === after.status ? after.statusSince === before.statusSince : after.statusSince === now,
  )
  t.pass()
})

test('lastSeen and lastHealthCheck never move back, and a failed check moves only lastHealthCheck', (t) => {
  const isBack = (before: Date | null, after: Date | null): boolean => before !== null && (after === null || after < before)
  always(({ before, after, observation }) => {
    if (observation.kind === 'check-failed' && after.lastSeen !== before.lastSeen) return false
    return !isBack(before.lastSeen, after.lastSeen) && !isBack(before.lastHealthCheck, after.lastHealthCheck)
  })
  t.pass()
})

test('a heartbeat always wins: online, no failures, checked again within 33 s', (t) => {
  always((move) => {
    if (move.observation.kind !== 'heartbeat') return true
    const { status, consecutiveFailures, answeredSinceRegistration, lastSeen } = move.after
    return (
      status === 'online' &&
      consecutiveFailures === 0 &&
      answeredSinceRegistration &&
      lastSeen !== null &&
      lastSeen >= move.now &&
      waitOf(move) <= 33_000
    )
  })
  t.pass()
})

test("the next check is due within 10 % of its band's wait after a check, and at once after a registration", (t) => {
  always((move) => {
    if (['heartbeat', 'session', 'link-put-off'].includes(move.observation.kind) || move.after === move.before) return true
    if (move.observation.kind === 'registered') return waitOf(move) === 0
    const wait = waitByTable(move.after.consecutiveFailures)
    return waitOf(move) >= wait * 0.9 && waitOf(move) <= wait * 1.1
  })
  t.pass()
})

test('failures rise by one or drop to 0, and only an answer or a registration resets them', (t) => {
  always(({ before, after, observation }) => {
    const added = after.consecutiveFailures - before.consecutiveFailures
    if (observation.kind === 'check-failed') return added === 0 || added === 1
    return after.consecutiveFailures === 0 || after === before
  })
  t.pass()
})

test('failures count the failed checks since the last answer or registration', (t) => {
  fc.assert(
    fc.property(instantChecks, chance, (all, random) => {
      const lastOther = all.findLastIndex(({ kind }) => kind !== 'check-failed')
      const expected = all.length - 1 - lastOther
      t.is(play(all, 0, random).at(-1)?.after.consecutiveFailures ?? 0, expected)
    }),
  )
})

test('two failures at the same moment both count, in either order', (t) => {
  fc.assert(
    fc.property(instantChecks, checkSignal, checkSignal, chance, (all, first, second, random) => {
      const at = (by: CheckSignal): Step => ({ kind: 'check-failed', by, reason: 'no answer', passedMs: 0, tookMs: 0 })
      const run = (...last: Step[]): NodeHealth | undefined => play([...all, ...last], 0.3, random).at(-1)?.after
      const [one, other] = [run(at(first), at(second)), run(at(second), at(first))]
      t.is(one?.consecutiveFailures, (run()?.consecutiveFailures ?? 0) + 2)
      t.deepEqual({ ...one, statusSignal: null }, { ...other, statusSignal: null })
    }),
  )
})

test('after a heartbeat and a failed check at the same moment, in either order, the node is online', (t) => {
  fc.assert(
    fc.property(instantChecks, fc.integer({ min: 1, max: 5_000 }), chance, (all, tookMs, random) => {
      const failure: Step = { kind: 'check-failed', by: 'check', reason: 'no answer', passedMs: 0, tookMs }
      const call: Step = { ...failure, kind: 'heartbeat' }
      for (const last of [
        [failure, call],
        [call, failure],
      ]) {
        t.like(play([...all, ...last], phaseOf('node'), random).at(-1)?.after, { status: 'online', consecutiveFailures: 0 })
      }
    }),
  )
})
