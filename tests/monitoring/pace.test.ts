import test from 'ava'
import { createPace, longestHurryMs } from '../../api/monitoring/pace.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { until } from '../helpers/until.ts'

function paced(again = () => false) {
  const clock = createManualClock()
  const times: number[] = []
  const start = clock.now().getTime()
  const pace = createPace({
    intervalMs: 30_000,
    clock,
    async act() {
      times.push((clock.now().getTime() - start) / 1000)
      return again()
    },
  })
  /** Advances second by second, because each act schedules the next one only after it has ended. */
  async function pass(seconds: number): Promise<void> {
    for (let i = 0; i < seconds; i++) {
      await until(() => clock.waiting() > 0)
      clock.advance(1000)
      await Promise.resolve()
      await Promise.resolve()
    }
  }
  return { clock, pace, times, pass }
}

test('calm: at once, then at the interval', async (t) => {
  const { pace, times, pass } = paced()
  pace.start()
  await pass(95)
  t.deepEqual(times, [0, 30, 60, 90])
  pace.stop()
})

test('hurried: every second, until the time asked for is over, and no longer than a minute', async (t) => {
  const { pace, times, pass } = paced()
  pace.start()
  await pass(5)
  pace.hurry(10_000)
  await pass(50)
  t.deepEqual(times.slice(0, 3).map(Math.floor), [0, 5, 6])
  const inHurry = times.filter((time) => time >= 5 && time <= 15)
  t.true(inHurry.length >= 10 && inHurry.length <= 11)
  t.is(times.filter((time) => time > 16 && time <= 55).length, 1)
  const before = times.length
  pace.hurry(3_600_000)
  await pass(longestHurryMs / 1000 + 60)
  t.true(times.length - before <= longestHurryMs / 1000 + 4)
  pace.stop()
})

test('asking again prolongs it, and a clock that is set back does not', async (t) => {
  const { clock, pace, times, pass } = paced()
  pace.start()
  pace.hurry(5000)
  await pass(3)
  pace.hurry(5000)
  clock.set(-86_400_000)
  await pass(40)
  t.true(times.length <= 12, `${times.length}`)
  pace.stop()
})

test('what needs a second look gets it after a second, but not for ever', async (t) => {
  const { pace, times, pass } = paced(() => true)
  pace.start()
  await pass(62)
  t.deepEqual(times, [0, 1, 31, 32, 62])
  pace.stop()
})

test('stopped, nothing waits', async (t) => {
  const { clock, pace, pass } = paced()
  pace.start()
  pace.hurry(5000)
  await pass(2)
  pace.stop()
  pace.soon()
  pace.hurry(5000)
  t.is(clock.waiting(), 0)
})
