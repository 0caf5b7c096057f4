import test from 'ava'
import { afterRunning, watchStandstill } from '../api/clock.ts'
import { createManualClock } from './helpers/manual-clock.ts'

/** A program that stands still runs no timers: time passes, and they run late. */
function sleepy() {
  const clock = createManualClock()
  let asleepMs = 0
  return {
    clock: { now: () => new Date(clock.now().getTime() + asleepMs), after: clock.after },
    advance: clock.advance,
    sleep: (ms: number) => void (asleepMs += ms),
  }
}

test('what is to run after some time waits for as long as the program runs, not for as long as it stands still', (t) => {
  const { clock, advance, sleep } = sleepy()
  let ran = 0
  afterRunning(clock, 7500, () => (ran += 1))
  const cancel = afterRunning(clock, 7500, () => (ran += 10))
  advance(3000)
  sleep(3_600_000)
  advance(1000)
  t.is(ran, 0, 'an hour of sleep is one step')
  cancel()
  advance(3499)
  t.is(ran, 0)
  advance(1)
  t.is(ran, 1)
})

test('how long the program stood still is known, also before its next step', (t) => {
  const { clock, advance, sleep } = sleepy()
  const ordinary = watchStandstill(clock)
  advance(10_000)
  t.is(ordinary(), 0)
  const held = watchStandstill(clock)
  advance(2500)
  sleep(6000)
  t.is(held(), 5500)
})
