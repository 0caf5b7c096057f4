import { randomUUID } from 'node:crypto'
import test from 'ava'
import { firstCheckAfterStart, nextCheckAt, phaseOf } from '../../../api/cluster/members/check-times.ts'
import { checkPolicy, defaultHealthPolicy as policy, type HealthPolicy } from '../../../api/cluster/members/health-policy.ts'

const start = Date.parse('2026-01-26T20:00:00Z')
const ids = Array.from({ length: 1000 }, () => randomUUID())

/** Counts the moments in each second of a 30 s interval. */
const perSecond = (moments: number[]): number[] => {
  const counts = new Array<number>(30).fill(0)
  for (const moment of moments) counts[Math.floor((moment % 30_000) / 1000)]! += 1
  return counts
}

test('phaseOf is stable and spreads similar ids', (t) => {
  t.is(phaseOf('3f2b8c1e-6a57-4d0f-9c55-0d8f1c2b7a90'), phaseOf('3f2b8c1e-6a57-4d0f-9c55-0d8f1c2b7a90'))
  const phases = Array.from({ length: 1000 }, (_, i) => phaseOf(`node-${i}`))
  t.true(phases.every((phase) => phase >= 0 && phase < 1))
  t.true(Math.max(...perSecond(phases.map((phase) => phase * 30_000))) < 70)
})

test('after a start the first checks are spread over 30 s', (t) => {
  const moments = ids.map((id) => firstCheckAfterStart(phaseOf(id), new Date(start + 12_345), policy).getTime())
  t.true(moments.every((moment) => moment >= start + 12_345 && moment < start + 42_345))
  t.true(Math.max(...perSecond(moments)) < 70)
})

test('nodes checked in one burst drift apart with waits of 27 to 33 s, then keep their slots', (t) => {
  let moments = ids.map(() => start)
  const round = (): number[] =>
    ids.map((id, i) => nextCheckAt(0, new Date(moments[i] ?? 0), policy, { phase: phaseOf(id), random: Math.random }).getTime())
  for (let i = 0; i < 6; i++) {
    const next = round()
    t.true(next.every((moment, n) => moment - (moments[n] ?? 0) >= 27_000 && moment - (moments[n] ?? 0) <= 33_000))
    moments = next
  }
  t.true(Math.max(...perSecond(moments)) < 70)
  t.true(round().every((moment, n) => Math.abs(moment - (moments[n] ?? 0) - 30_000) <= 1))
})

test("a check that takes a second does not shift its node's slot", (t) => {
  let at = firstCheckAfterStart(0.4, new Date(start), policy).getTime()
  for (let i = 0; i < 100; i++) at = nextCheckAt(0, new Date(at + 1_000), policy, { phase: 0.4, random: () => 0 }).getTime()
  t.is(at % 30_000, 12_000)
})

test('a node whose slot is now is checked now', (t) => {
  t.is(firstCheckAfterStart(0.5, new Date(start + 15_000), policy).getTime(), start + 15_000)
})

test('half way between two slots, the wait moves toward the later one', (t) => {
  t.is(nextCheckAt(0, new Date(start), policy, { phase: 0.5, random: () => 0 }).getTime(), start + 33_000)
})

test('longer waits vary randomly by up to 10 % either way', (t) => {
  const at = (random: number): number => nextCheckAt(6, new Date(0), policy, { phase: 0.9, random: () => random }).getTime()
  t.deepEqual([at(0), at(0.5), at(0.999999)], [270_000, 300_000, 329_999])
})

test('checkPolicy names every problem, and finds none in the default policy', (t) => {
  t.deepEqual(checkPolicy(policy), [])
  const wrong: HealthPolicy = {
    bands: [
      { fromFailures: 1, waitMs: 1000, status: 'unreachable' },
      { fromFailures: 1, waitMs: 0.5, status: 'offline' },
    ],
    jitter: Number.NaN,
  }
  t.deepEqual(checkPolicy(wrong), [
    'the first band must start at 0 failures and be online',
    'jitter must be between 0 and 0.5',
    'band 2: waitMs must be a whole number above 0',
    'band 2: fromFailures must be higher than in the previous band',
    'band 2: waitMs must not be lower than in the previous band',
    'band 2: status must not be better than in the previous band',
  ])
  t.is(checkPolicy({ bands: [], jitter: 0 }).length, 1)
})

const second = { fromFailures: 3, waitMs: 1000, status: 'offline' } as const
const policyOf = (first: Partial<HealthPolicy['bands'][number]>, last: Partial<HealthPolicy['bands'][number]> = {}, jitter = 0.1) =>
  checkPolicy({
    jitter,
    bands: [
      { fromFailures: 0, waitMs: 1000, status: 'online', ...first },
      { ...second, ...last },
    ],
  })

test('checkPolicy takes every bound itself and refuses what is beyond it', (t) => {
  t.deepEqual(policyOf({}), [], 'two bands with the same wait')
  for (const jitter of [0, 0.5]) t.deepEqual(policyOf({}, {}, jitter), [])
  for (const jitter of [-0.01, 0.51, Number.NaN]) t.deepEqual(policyOf({}, {}, jitter), ['jitter must be between 0 and 0.5'])
  t.deepEqual(policyOf({ fromFailures: 1 }), ['the first band must start at 0 failures and be online'])
  t.deepEqual(policyOf({ status: 'offline' }), ['the first band must start at 0 failures and be online'])
  t.deepEqual(policyOf({}, { fromFailures: 3.5 }), ['band 2: fromFailures must be a whole number'])
  t.deepEqual(policyOf({ waitMs: 0 }), ['band 1: waitMs must be a whole number above 0'])
  t.deepEqual(policyOf({}, { waitMs: 999 }), ['band 2: waitMs must not be lower than in the previous band'])
})

test('a policy without a band for so few failures is a bug, said as one', (t) => {
  t.throws(() => nextCheckAt(0, new Date(0), { bands: [second], jitter: 0 }, { phase: 0, random: () => 0 }), {
    message: 'The health policy has no band for 0 failures',
  })
})
