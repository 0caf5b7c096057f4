import { setImmediate as nextTurn } from 'node:timers/promises'
import test from 'ava'
import fc from 'fast-check'
import { createRetryLoop, type RetryOutcome as Outcome } from '../api/retry.ts'
import { createManualClock } from './helpers/manual-clock.ts'

function loopOf(random = () => 1) {
  const clock = createManualClock()
  const attempts: number[] = []
  let answer: (outcome: Outcome) => void = () => undefined
  const loop = createRetryLoop({
    job: (attempt) => {
      attempts.push(attempt)
      return new Promise((resolve) => (answer = resolve))
    },
    firstMs: 1000,
    longestMs: 15_000,
    clock,
    random,
  })
  const end = async (outcome: Outcome): Promise<void> => {
    answer(outcome)
    await nextTurn()
  }
  return { loop, clock, attempts, end }
}

test('a job that succeeds runs once', async (t) => {
  const { loop, clock, attempts, end } = loopOf()
  t.deepEqual(attempts, [])
  loop.run()
  await end('done')
  t.is(clock.waiting(), 0)
  loop.run()
  t.deepEqual(attempts, [0, 0])
})

test('a job can set a minimum wait, and jitter spreads equal waits', async (t) => {
  for (const [chance, wait] of [
    [0, 60_000],
    [1, 61_000],
  ] as const) {
    const { loop, clock, attempts, end } = loopOf(() => chance)
    loop.run()
    await end({ afterMs: 60_000 })
    t.deepEqual(clock.waits(), [wait])
    clock.advance(wait)
    t.deepEqual(attempts, [0, 1])
  }
})

test('each failure doubles the wait up to the longest; success resets it', async (t) => {
  const { loop, clock, attempts, end } = loopOf()
  loop.run()
  const waits: number[] = []
  for (let i = 0; i < 7; i++) {
    await end('again')
    const [wait = 0] = clock.waits()
    waits.push(wait)
    clock.advance(wait - 1)
    t.is(attempts.length, i + 1)
    clock.advance(1)
    t.is(attempts.length, i + 2)
  }
  t.deepEqual(waits, [2500, 4500, 8500, 15_500, 15_500, 15_500, 15_500])
  t.deepEqual(attempts, [0, 1, 2, 3, 4, 5, 6, 7])
  await end('done')
  loop.run()
  await end('again')
  t.deepEqual(clock.waits(), [2500])
})

test('run during a wait starts the job at once and ends the wait', async (t) => {
  const { loop, clock, attempts, end } = loopOf()
  loop.run()
  await end('again')
  loop.run()
  t.deepEqual(attempts, [0, 1])
  t.is(clock.waiting(), 0)
  await end('done')
  clock.advance(60_000)
  t.deepEqual(attempts, [0, 1])
})

test('any number of calls during a run cause one more run, never two at once', async (t) => {
  const { loop, attempts, end } = loopOf()
  loop.run()
  for (let i = 0; i < 5; i++) loop.run()
  t.is(attempts.length, 1)
  await end('done')
  t.is(attempts.length, 2)
  await end('done')
  t.is(attempts.length, 2)
})

test('nothing runs after stop', async (t) => {
  const waiting = loopOf()
  waiting.loop.run()
  await waiting.end('again')
  waiting.loop.stop()
  t.is(waiting.clock.waiting(), 0)
  waiting.loop.run()
  t.is(waiting.attempts.length, 1)

  const running = loopOf()
  running.loop.run()
  running.loop.run()
  running.loop.stop()
  await running.end('again')
  t.is(running.attempts.length, 1)
  t.is(running.clock.waiting(), 0)
})

test('for any jitter, a wait is at least half the first wait and at most the longest plus that', async (t) => {
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  await fc.assert(
    fc.asyncProperty(fc.array(chance, { minLength: 1, maxLength: 30 }), async (draws) => {
      let drawn = 0
      const { loop, clock, end } = loopOf(() => draws[drawn++ % draws.length] ?? 0)
      loop.run()
      for (const _ of draws) {
        await end('again')
        const [wait = -1] = clock.waits()
        if (clock.waiting() !== 1 || wait < 500 || wait > 15_500) return false
        clock.advance(wait)
      }
      return true
    }),
    { numRuns: 50 },
  )
  t.pass()
})
