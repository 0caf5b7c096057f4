import { randomUUID } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { AppEntity } from '../../../api/apps/app.entity.ts'
import { createAutoUpdates } from '../../../api/apps/images/auto-updates.ts'
import type { ImageSet } from '../../../api/apps/images/chosen-updates.ts'
import { testDatabase } from '../../helpers/database.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { recordedLog } from '../../helpers/recorded-log.ts'

const minute = 60_000
const hour = 60 * minute

/** Updates of apps, with how each attempt ends. It is 20:00 on a Monday. */
async function setUp(t: ExecutionContext<unknown>) {
  const clock = createManualClock(new Date('2026-01-26T20:00:00Z'))
  const { em } = await testDatabase(t)
  async function newApp(): Promise<string> {
    const id = randomUUID()
    const row = { id, name: id, description: null, composeContent: '', desiredState: 'running' as const, lastError: null }
    await em.fork().insert(AppEntity, { ...row, version: 1, createdAt: clock.now(), updatedAt: clock.now() })
    return id
  }
  const state = {
    tried: [] as { at: string; failed: ImageSet[]; minimumAgeMs: number }[],
    isDone: true as boolean | Error,
    failed: [] as ImageSet[],
  }
  const make = async () => {
    const autoUpdates = createAutoUpdates({ em, clock, log: recordedLog().log, onChange: () => undefined })
    await autoUpdates.start()
    const tick = () =>
      autoUpdates.tick({
        failed: () => Promise.resolve(state.failed),
        async attempt(_id, rule) {
          state.tried.push({ at: clock.now().toISOString().slice(8, 16), ...rule })
          if (state.isDone instanceof Error) throw state.isDone
          return state.isDone
        },
      })
    /** Every minute for so long. */
    const pass = async (ms: number) => {
      for (let left = ms; left > 0; left -= minute) {
        clock.advance(minute)
        await tick()
      }
    }
    return { ...autoUpdates, tick, pass }
  }
  return { clock, em, state, newApp, make, appId: await newApp(), updates: await make() }
}

/** A running app without images to look at. */
const looked = { shouldRun: true, dockerAwaySince: null, images: () => [] }

const nightly = { cron: ' 0  3 * * *', timeZone: 'UTC', windowMinutes: 40, minimumAgeHours: 24 }

test('an app is tried once in each window, within its first quarter, also after a restart', async (t) => {
  const { appId, state, updates, make } = await setUp(t)
  t.is(updates.of(appId, looked), null)
  await updates.set(appId, nightly)
  t.like(updates.of(appId, looked), { cron: '0 3 * * *', timeZone: 'UTC', windowMinutes: 40, minimumAgeHours: 24 })
  t.deepEqual(
    updates.of(appId, looked)?.nextRuns.map((date) => date.toISOString()),
    [27, 28, 29, 30, 31].map((day) => `2026-01-${day}T03:00:00.000Z`),
  )
  await updates.pass(7 * hour)
  t.deepEqual(state.tried, [], 'the window is closed')
  await updates.pass(11 * minute)
  t.is(state.tried.length, 1)
  t.like(state.tried[0], { minimumAgeMs: 24 * hour })
  const restarted = await make()
  await restarted.pass(2 * hour)
  t.is(state.tried.length, 1)
  await restarted.pass(24 * hour)
  t.is(state.tried.length, 2)
})

test('apps with the same time do not start at the same moment', async (t) => {
  const { clock, state, updates, newApp } = await setUp(t)
  for (let i = 0; i < 12; i += 1) await updates.set(await newApp(), { ...nightly, windowMinutes: 120 })
  clock.advance(7 * hour)
  await updates.pass(31 * minute)
  t.is(state.tried.length, 12)
  t.true(new Set(state.tried.map(({ at }) => at)).size > 3)
})

test('what could not be looked at or started is tried again while the window is open, and not after', async (t) => {
  const { clock, appId, state, updates } = await setUp(t)
  await updates.set(appId, nightly)
  clock.advance(7 * hour + 10 * minute)
  state.isDone = false
  await updates.tick()
  await updates.pass(9 * minute)
  t.deepEqual(
    state.tried.map(({ at }) => at),
    ['27T03:10', '27T03:15'],
  )
  state.isDone = new Error('Docker is away')
  await updates.pass(hour)
  t.deepEqual(
    state.tried.slice(2).map(({ at }) => at),
    ['27T03:20', '27T03:25', '27T03:30', '27T03:35'],
  )
})

test('a node that was away when the window opened starts while it is still open; one that comes back later waits', async (t) => {
  const { clock, appId, state, updates } = await setUp(t)
  await updates.set(appId, nightly)
  clock.advance(7 * hour + 39 * minute)
  await updates.tick()
  t.is(state.tried.length, 1)
  clock.advance(24 * hour + 2 * minute)
  await updates.tick()
  t.is(state.tried.length, 1)
})

test('a window that is open when the policy is saved counts, but not a second time', async (t) => {
  const { appId, state, updates } = await setUp(t)
  await updates.set(appId, { ...nightly, cron: '45 19 * * *' })
  await updates.tick()
  t.is(state.tried.length, 1)
  await updates.set(appId, { ...nightly, cron: '45 19 * * *', minimumAgeHours: 0 })
  await updates.tick()
  t.is(state.tried.length, 1)
})

test('images with which the app failed are remembered when their versions are gone', async (t) => {
  const { appId, state, updates, make } = await setUp(t)
  await updates.set(appId, nightly)
  state.failed = [{ web: 'sha256:2' }]
  await updates.pass(8 * hour)
  state.failed = [{ web: 'sha256:3' }]
  await (await make()).pass(24 * hour)
  t.deepEqual(
    state.tried.map(({ failed }) => failed),
    [[{ web: 'sha256:2' }], [{ web: 'sha256:3' }, { web: 'sha256:2' }]],
  )
})

test('without a policy nothing happens, and a wrong one is refused with its fields and changes nothing', async (t) => {
  const { em, appId, state, updates, make } = await setUp(t)
  await updates.set(appId, nightly)
  const wrong = [
    [{ ...nightly, cron: '61 * * * *' }, /cron: has "61" for the minute/],
    [{ ...nightly, timeZone: 'Mars' }, /timeZone: must be the name/],
    [{ ...nightly, windowMinutes: 0 }, /windowMinutes: must be from 1 to 1440/],
    [{ ...nightly, minimumAgeHours: -1 }, /minimumAgeHours: must be from 0 to 8760/],
  ] as const
  for (const [input, message] of wrong) await t.throwsAsync(updates.set(appId, input), { message })
  t.is(updates.of(appId, looked)?.windowMinutes, 40)
  await updates.set(appId, null)
  await updates.pass(8 * hour)
  t.deepEqual(state.tried, [])
  await updates.set(appId, nightly)
  await em.fork().nativeDelete(AppEntity, { id: appId })
  t.is((await make()).of(appId, looked), null, 'it ends with its app')
  updates.forget(appId)
  t.is(updates.of(appId, looked), null)
})
