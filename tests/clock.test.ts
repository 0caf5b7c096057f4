import test from 'ava'
import { afterRunning, watchStandstill } from '../api/clock.ts'
import { createManualClock } from './helpers/manual-clock.ts'

/** A frozen program runs no timers: time passes, and the timers run late. */
function sleepy() {
  const clock = createManualClock()
  let asleepMs = 0
  return {
    clock: { now: () => new Date(clock.now().getTime() + asleepMs), after: clock.after },
    advance: clock.advance,
    sleep: (ms: number) => void (asleepMs += ms),
  }
}

test('afterRunning counts the time that the program runs, not the time it is frozen', (t) => {
  const { clock, advance, sleep } = sleepy()
  let ran = 0
  afterRunning(clock, 7500, () => (ran += 1))
  const cancel = afterRunning(clock, 7500, () => (ran += 10))
  advance(3000)
  sleep(3_600_000)
  advance(1000)
  t.is(ran, 0, 'an hour of sleep counts as one step')
  cancel()
  advance(3499)
  t.is(ran, 0)
  advance(1)
  t.is(ran, 1)
})

test('reports how long the program was frozen, even before its next step', (t) => {
  const { clock, advance, sleep } = sleepy()
  const ordinary = watchStandstill(clock)
  advance(10_000)
  t.is(ordinary(), 0)
  const held = watchStandstill(clock)
  advance(2500)
  sleep(6000)
  t.is(held(), 5500)
})
