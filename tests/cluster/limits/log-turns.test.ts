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
  for (let waited = 0; waited < 500; waited += 100) {
    await until(() => clock.waiting() > 0 || turns >= 3)
    pass(100, 1)
  }
  await until(() => turns === 4)
  t.is(turns, 4)
})
