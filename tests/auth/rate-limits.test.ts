import test from 'ava'
import { budgets, createLimits, placeOf, type Budget } from '../../api/auth/rate-limits.ts'
import { createManualClock } from '../helpers/manual-clock.ts'

const { points, seconds } = budgets.password

const tooMany = { code: 'RATE_LIMITED' }

test('a budget allows its points, says when to try again, and is full again then', async (t) => {
  const clock = createManualClock()
  const limits = createLimits({ clock })
  for (let count = 0; count < points; count += 1) await limits.take('password', 'ann')
  clock.advance(10_500)
  const error = await t.throwsAsync(limits.take('password', 'ann'), tooMany)
  t.is((error as { retryAfterSeconds?: number }).retryAfterSeconds, seconds - 10)
  t.regex(error.message, new RegExp(`Try again in ${seconds - 10} s`))
  await limits.take('password', 'bob')
  await limits.take('action', 'ann')
  clock.advance(seconds * 1000 - 10_500 - 1)
  await t.throwsAsync(limits.take('password', 'ann'), { ...tooMany, message: /in 1 s/ })
  clock.advance(1)
  for (let count = 0; count < points; count += 1) await limits.take('password', 'ann')
  await t.throwsAsync(limits.take('password', 'ann'), tooMany)
})

test('a returned point can be taken again, and returning to an unknown key does nothing', async (t) => {
  const limits = createLimits({ clock: createManualClock() })
  limits.giveBack('password', 'ann')
  for (let count = 0; count < points; count += 1) await limits.take('password', 'ann')
  limits.giveBack('password', 'ann')
  await limits.take('password', 'ann')
  await t.throwsAsync(limits.take('password', 'ann'), tooMany)
})

test('each budget remembers 10,000 keys at most and drops the oldest and the expired ones', async (t) => {
  const clock = createManualClock()
  const limits = createLimits({ clock })
  for (let count = 0; count < 10_050; count += 1) await limits.take('password', `key ${count}`)
  t.is(limits.size('password'), 10_000)
  t.is(limits.size('action'), 0)
  clock.advance(seconds * 1000)
  await limits.take('password', 'one')
  t.is(limits.size('password'), 1)
})

test('every budget is more than a person needs and less than a program would use', (t) => {
  for (const name of Object.keys(budgets) as Budget[]) {
    const budget = budgets[name]
    t.true(budget.points / budget.seconds <= 10 && budget.points >= 10, name)
  }
})

test('a place is an IPv4 address or an IPv6 network, in any notation', (t) => {
  const places: Record<string, string> = {
    '192.0.2.7': '192.0.2.7',
    '2001:db8:1:2:3:4:5:6': '2001:db8:1:2',
    '2001:0db8:0001:0002:ffff:ffff:ffff:ffff': '2001:db8:1:2',
    '2001:db8::6': '2001:db8:0:0',
    '2001:db8:1::5:6': '2001:db8:1:0',
    '::1': '0:0:0:0',
    'fe80::': 'fe80:0:0:0',
    '1:2:3:4:5:6:7::': '1:2:3:4',
    '1::3:4:5:6:7:8': '1:0:3:4',
    '::2:3:4:5:6:7:8': '0:2:3:4',
    '': '',
  }
  for (const [address, place] of Object.entries(places)) t.is(placeOf(address), place, address)
})
