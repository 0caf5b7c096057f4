import { randomUUID } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { AppEntity } from '../../../api/apps/app.entity.ts'
import { createAppSchedules } from '../../../api/apps/schedules/app-schedules.ts'
import { cronProblem, nextTimes, timeZoneProblem } from '../../../api/apps/schedules/cron-times.ts'
import { testDatabase } from '../../helpers/database.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { recordedLog } from '../../helpers/recorded-log.ts'

const hour = 3_600_000
const isoOf = (dates: Date[]): string[] => dates.map((date) => date.toISOString())

test('on the day on which the clock is set forward, a time that does not exist comes at the end of the gap', (t) => {
  t.deepEqual(isoOf(nextTimes('30 2 * * *', 'Europe/Berlin', new Date('2026-03-28T12:00:00Z'), 2)), [
    '2026-03-29T01:00:00.000Z',
    '2026-03-30T00:30:00.000Z',
  ])
})

test('on the day on which the clock is set back, a time that comes twice counts once', (t) => {
  t.deepEqual(isoOf(nextTimes('30 2 * * *', 'Europe/Berlin', new Date('2026-10-24T12:00:00Z'), 2)), [
    '2026-10-25T00:30:00.000Z',
    '2026-10-26T01:30:00.000Z',
  ])
})

test('what is no cron expression or time zone is named', (t) => {
  const now = new Date('2026-01-26T20:00:00Z')
  for (const bad of ['', '* * *', '* * * * * *', '@daily']) t.regex(cronProblem(bad, now) ?? '', /must have five fields/, bad)
  t.regex(cronProblem('61 * * * *', now) ?? '', /^has "61" for the minute\. Write \*, a number from 0 to 59, /)
  t.regex(cronProblem('0 1,2,,3 * * *', now) ?? '', /^has "1,2,,3" for the hour\. Write \*, a number from 0 to 23, /)
  t.regex(cronProblem('0 3 * * 9', now) ?? '', /^has "9" for the day of the week\. /)
  t.is(cronProblem('0 0 31 2 *', now), 'never comes. No year has such a day')
  t.is(cronProblem('0 3 * * mon-fri', now), null)
  t.is(timeZoneProblem('Europe/Berlin'), null)
  t.regex(timeZoneProblem('Mars/Base') ?? '', /must be the name of a time zone/)
})

async function setUp(t: ExecutionContext<unknown>) {
  const clock = createManualClock(new Date('2026-01-26T20:00:00Z'))
  const { em } = await testDatabase(t)
  const appId = randomUUID()
  const row = { id: appId, name: 'web', description: null, composeContent: '', desiredState: 'running' as const, lastError: null }
  await em.fork().insert(AppEntity, { ...row, version: 1, createdAt: clock.now(), updatedAt: clock.now() })
  const acts: string[] = []
  let failure: Error | null = null
  const make = async () => {
    const schedules = createAppSchedules({ em, clock, log: recordedLog().log, onChange: () => undefined })
    await schedules.start()
    const tick = () =>
      schedules.tick(async (_id, action) => {
        acts.push(`${action} ${clock.now().toISOString()}`)
        if (failure) throw failure
      })
    return { ...schedules, tick }
  }
  return { clock, em, appId, acts, make, schedules: await make(), fail: (error: Error) => (failure = error) }
}

const nightly = { action: 'stop', cron: '0  22 * * *', timeZone: 'UTC' } as const
const mornings = { action: 'start', cron: '0 6 * * 1-5', timeZone: 'UTC' } as const

test('schedules run at their times, once each, and say the next five', async (t) => {
  const { clock, appId, acts, schedules } = await setUp(t)
  await schedules.set(appId, [nightly, mornings, { ...mornings, action: 'restart', enabled: false }])
  const [first, , off] = schedules.of(appId)
  t.is(first?.cron, '0 22 * * *')
  t.deepEqual(
    isoOf(first?.nextRuns ?? []),
    [26, 27, 28, 29, 30].map((day) => `2026-01-${day}T22:00:00.000Z`),
  )
  t.deepEqual(off?.nextRuns, [])
  clock.advance(2 * hour - 1)
  await schedules.tick()
  t.deepEqual(acts, [])
  clock.advance(1)
  await schedules.tick()
  await schedules.tick()
  t.deepEqual(acts, ['stop 2026-01-26T22:00:00.000Z'])
  t.is(schedules.of(appId)[0]?.nextRuns[0]?.toISOString(), '2026-01-27T22:00:00.000Z')
  clock.advance(8 * hour)
  await schedules.tick()
  t.deepEqual(acts.slice(1), ['start 2026-01-27T06:00:00.000Z'])
})

test('a run that was missed by up to five minutes is made up for, an older one is not, and none is repeated', async (t) => {
  const { clock, appId, acts, schedules, make } = await setUp(t)
  await schedules.set(appId, [nightly])
  clock.advance(2 * hour + 4 * 60_000)
  const restarted = await make()
  await restarted.tick()
  t.is(acts.length, 1)
  clock.advance(60_000)
  await (await make()).tick()
  t.is(acts.length, 1, 'it is saved that it ran')
  clock.advance(24 * hour + 60_000)
  await (await make()).tick()
  t.is(acts.length, 1, 'six minutes late')
})

test('what cannot be started is tried again at the next time only', async (t) => {
  const { clock, appId, acts, schedules, fail } = await setUp(t)
  fail(new Error('Docker is away'))
  await schedules.set(appId, [nightly])
  clock.advance(2 * hour)
  await schedules.tick()
  await schedules.tick()
  t.is(acts.length, 1)
})

test('wrong schedules are refused with their fields, and change nothing', async (t) => {
  const { appId, schedules } = await setUp(t)
  await schedules.set(appId, [nightly])
  const wrong = [
    [[{ ...nightly, cron: 'never' }], /schedules\[0\].cron: must have five fields/],
    [[nightly, { ...nightly, timeZone: 'x' }], /schedules\[1\].timeZone: must be the name/],
    [[{ ...nightly, action: 'unknown' as const }], /schedules\[0\].action: must be start, stop or restart/],
    [Array.from({ length: 21 }, () => nightly), /schedules: has 21 entries. The maximum is 20/],
  ] as const
  for (const [input, message] of wrong) await t.throwsAsync(schedules.set(appId, [...input]), { message })
  t.is(schedules.of(appId).length, 1)
})

test('schedules end with their app', async (t) => {
  const { em, appId, schedules, make } = await setUp(t)
  await schedules.set(appId, [nightly])
  await em.fork().nativeDelete(AppEntity, { id: appId })
  t.deepEqual((await make()).of(appId), [])
  schedules.forget(appId)
  t.deepEqual(schedules.of(appId), [])
})
