import test from 'ava'
import { createLogTurns } from '../../../api/cluster/limits/log-turns.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { until } from '../../helpers/until.ts'

test('lines wait while the program is busy, though never for long', async (t) => {
  const clock = createManualClock()
  let cpu = 0
  const turn = createLogTurns({ clock, cpuMs: () => cpu })
  const pass = (ms: number, share: number): void => {
    cpu += ms * share
    clock.advance(ms)
  }
  let turns = 0
  const next = (): void => void turn().then(() => (turns += 1))
  pass(200, 0.3)
  next()
  await until(() => turns === 1)

  pass(200, 0.9)
  next()
  await until(() => clock.waiting() === 1)
  pass(100, 0.2)
  await until(() => turns === 2)

  next()
  pass(100, 1)
  next()
  let passes = 0
  while (turns < 4) {
    await until(() => clock.waiting() > 0 || turns === 4)
    pass(100, 1)
    passes += 1
  }
  t.true(passes <= 8, `${passes} times 100 ms`)
})
