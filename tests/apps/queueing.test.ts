import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { AppEntity } from '../../api/apps/app.entity.ts'
import { OperationEntity } from '../../api/apps/operation.entity.ts'
import { testDatabase } from '../helpers/database.ts'
import { ensureTestImage } from '../helpers/docker.ts'
import { appName, containersOf, nodeOf, web } from '../helpers/own-apps.ts'
import { until } from '../helpers/until.ts'

test.before(async () => void (await ensureTestImage()))

type Refused = 'insert on operations' | 'insert on apps' | 'update on apps' | 'delete on apps'

/** A node whose database can be made to refuse some writes, like a full disk. */
async function setUp(t: ExecutionContext) {
  const node = await nodeOf(t)
  const execute = (sql: string) => node.database.em.getConnection().execute(sql)
  const refuse = (what: Refused) => execute(`create trigger full before ${what} begin select raise(abort, 'disk is full'); end`)
  return {
    ...node,
    refuse,
    accept: () => execute('drop trigger full'),
    /** Runs `act` while the database refuses these writes. */
    async inVain(what: Refused, act: () => Promise<unknown>): Promise<void> {
      await refuse(what)
      await t.throwsAsync(act(), { message: /disk is full/ }, what)
      await execute('drop trigger full')
    },
    rows: () => node.database.em.fork().find(AppEntity, {}),
    operationCount: () => node.database.em.fork().count(OperationEntity),
  }
}

for (const what of ['insert on operations', 'insert on apps'] as const) {
  test(`an app whose creation cannot be queued (${what}) leaves no trace and its name stays free`, async (t) => {
    const { apps, appsDir, seen, inVain, rows, operationCount, outcome } = await setUp(t)
    const name = appName(t)
    await inVain(what, () => apps.create({ name, composeContent: web() }))
    t.deepEqual([apps.list(), seen.values, await rows(), await operationCount()], [[], [], [], 0])
    t.false(existsSync(join(appsDir, name)))
    const created = await apps.create({ name, composeContent: web() })
    t.is((await outcome(created)).status, 'succeeded')
    t.like(apps.list(), [{ name, status: 'running', changedOnDisk: false }])
  })
}

test('an app already shown while its creation is being queued disappears again when that fails', async (t) => {
  const { apps, database, seen, removed } = await nodeOf(t)
  const other = await testDatabase(t, database.config.get('dbName'))
  const execute = (sql: string) => other.em.getConnection().execute(sql)
  await execute('begin immediate')
  const creating = apps.create({ name: appName(t), composeContent: web() })
  creating.catch(() => undefined)
  await until(() => apps.list().length === 1)
  apps.refreshAll()
  t.is(seen.values.length, 1)
  await execute(`create trigger full before insert on operations begin select raise(abort, 'disk is full'); end`)
  await execute('commit')
  await t.throwsAsync(creating, { message: /disk is full/ })
  t.deepEqual(apps.list(), [])
  t.deepEqual(removed.values, [seen.values[0]?.id])
})

test('a change that cannot be queued changes nothing and can be retried', async (t) => {
  const { apps, appsDir, operations, inVain, rows, operationCount, outcome } = await setUp(t)
  const name = appName(t)
  const created = await apps.create({ name, description: 'the shop', composeContent: web() })
  const { id } = created.app
  t.is((await outcome(created)).status, 'succeeded')
  const next = `${web()}    labels: { made: '2' }\n`
  const state = async () => ({
    app: { ...apps.get(id), asOf: null },
    rows: await rows(),
    operations: await operationCount(),
    active: operations.activeOf(id),
    file: readFileSync(join(appsDir, name, 'compose.yaml'), 'utf8'),
    containers: (await containersOf(name)).map(({ Id, State }) => [Id, State]),
  })
  const changesNothing = async (what: Refused, act: () => Promise<unknown>): Promise<void> => {
    const before = await state()
    await inVain(what, act)
    t.deepEqual(await state(), before, what)
  }

  for (const what of ['insert on operations', 'update on apps'] as const) {
    await changesNothing(what, () => apps.stopApp(id))
    await changesNothing(what, () => apps.removeApp(id, { volumes: true, files: true }))
    await changesNothing(what, () => apps.update(id, { description: 'the new shop' }))
  }
  await changesNothing('insert on operations', () => apps.update(id, { description: 'new', composeContent: next, ifVersion: 1 }))
  await changesNothing('insert on operations', () => apps.update(id, { pull: true }))

  t.is((await apps.update(id, { description: 'the new shop' })).app.description, 'the new shop')
  t.is((await outcome(await apps.update(id, { composeContent: next, ifVersion: 1 }))).status, 'succeeded', 'no earlier change is pending')
  t.like(apps.get(id), { version: 2, status: 'running' })
  t.is((await outcome(await apps.stopApp(id))).status, 'succeeded')
  for (const what of ['insert on operations', 'update on apps'] as const) await changesNothing(what, () => apps.startApp(id))
  t.like(apps.get(id), { status: 'stopped', desiredState: 'stopped' })
  t.is((await outcome(await apps.startApp(id))).status, 'succeeded')
  t.is((await outcome(await apps.removeApp(id))).status, 'succeeded')
  t.deepEqual([apps.list(), await rows()], [[], []])
})

test('an operation that cannot save its result shows on the app and can be retried', async (t) => {
  const { apps, refuse, accept, rows, outcome, removed } = await setUp(t)
  const name = appName(t)
  const created = await apps.create({ name, composeContent: web() })
  const { id } = created.app
  t.is((await outcome(created)).status, 'succeeded')

  // The file is written before the version, so the file on disk differs from the app's record.
  const next = `${web()}    labels: { made: '2' }\n`
  await refuse('update on apps')
  t.like(await outcome(await apps.update(id, { composeContent: next, ifVersion: 1 })), { status: 'failed' })
  t.like(apps.get(id), { version: 1, composeContent: web(), changedOnDisk: true })
  t.regex(apps.get(id).statusReason ?? '', /Updating it failed: .*disk is full/)
  await accept()
  t.is((await outcome(await apps.update(id, { composeContent: next, ifVersion: 1 }))).status, 'succeeded')
  // The change that failed keeps its number.
  t.like(apps.get(id), { version: 3, composeContent: next, changedOnDisk: false, status: 'running', statusReason: null })

  await refuse('delete on apps')
  const ended = await outcome(await apps.removeApp(id))
  t.is(ended.status, 'failed')
  t.regex(ended.error ?? '', /disk is full/)
  t.like(apps.get(id), { status: 'error', desiredState: 'stopped' })
  t.regex(apps.get(id).statusReason ?? '', /Removing it failed: .*disk is full/)
  t.deepEqual([(await rows()).length, removed.values], [1, []])
  await accept()
  t.is((await outcome(await apps.removeApp(id))).status, 'succeeded')
  t.deepEqual([apps.list(), await rows(), removed.values], [[], [], [id]])
})

/** A running app whose queue is held up until `resume` is called. */
async function heldUp(t: ExecutionContext) {
  const node = await setUp(t)
  const { apps, operations, outcome, rows } = node
  const name = appName(t)
  const created = await apps.create({ name, composeContent: web() })
  const { id } = created.app
  t.is((await outcome(created)).status, 'succeeded')
  const hold = Promise.withResolvers<void>()
  t.teardown(hold.resolve)
  const held = { work: () => hold.promise, after: () => Promise.resolve() }
  await operations.enqueue('update', { id, name }, {}, held)
  return {
    ...node,
    ...{ id, name, resume: hold.resolve },
    /** Cancels a queued operation. @returns the desired state afterward, as shown and as saved */
    async withdraw(answer: { operation: { id: string } }): Promise<string[]> {
      t.is((await operations.cancel(answer.operation.id)).status, 'cancelled')
      return [apps.get(id).desiredState, ...(await rows()).map(({ desiredState }) => desiredState)]
    },
    labelOf: async () => (await containersOf(name)).map(({ State, Labels }) => [State, Labels['made']]),
  }
}

const made = (value: string): string => `${web()}    labels: { made: '${value}' }\n`

test('a stop or removal that is cancelled while queued does not happen, and later changes are deployed', async (t) => {
  const { apps, id, resume, withdraw, outcome, labelOf } = await heldUp(t)
  const before = await apps.update(id, { composeContent: made('before') })
  const stop = await apps.stopApp(id)
  const removal = await apps.removeApp(id)
  const after = await apps.update(id, { composeContent: made('after') })
  t.is(apps.get(id).desiredState, 'stopped')
  t.deepEqual(await withdraw(stop), ['stopped', 'stopped'], 'the removal is still wanted')
  t.deepEqual(await withdraw(removal), ['running', 'running'])
  resume()
  t.is((await outcome(before)).status, 'cancelled', 'a removal cancels what waits before it')
  t.is((await outcome(after)).status, 'succeeded')
  t.like(apps.get(id), { status: 'running', statusReason: null, desiredState: 'running', version: 3 })
  t.deepEqual(await labelOf(), [['running', 'after']])
})

test('the desired state follows the newest operation that was not cancelled while queued', async (t) => {
  const { apps, id, resume, withdraw, outcome, rows } = await heldUp(t)
  const stop = await apps.stopApp(id)
  const start = await apps.startApp(id)
  t.deepEqual(await withdraw(start), ['stopped', 'stopped'])
  const again = await apps.startApp(id)
  t.deepEqual(await withdraw(stop), ['running', 'running'])
  t.deepEqual(await withdraw(again), ['running', 'running'])
  const last = await apps.stopApp(id)
  resume()
  t.is((await outcome(last)).status, 'succeeded')
  const next = await apps.startApp(id)
  await outcome(next)
  t.like(apps.get(id), { status: 'running', statusReason: null, desiredState: 'running' })
  t.is((await rows())[0]?.desiredState, 'running')
})

test('a change waits for its turn: before a queued stop it is deployed, after it only stored', async (t) => {
  const { apps, id, resume, outcome, labelOf, ended } = await heldUp(t)
  const before = await apps.update(id, { composeContent: made('before') })
  const stop = await apps.stopApp(id)
  const after = await apps.update(id, { composeContent: made('after') })
  resume()
  await ended.first(({ id: each, output }) => each === before.operation.id && output.length > 0)
  await outcome(stop)
  t.like(await outcome(after), { status: 'succeeded', message: 'Saved. The next start deploys it' })
  t.deepEqual(await labelOf(), [['exited', 'before']])
  t.like(apps.get(id), { status: 'stopped', desiredState: 'stopped', statusReason: null })
})

test('a stop cancelled while queued on a full disk changes nothing once there is room', async (t) => {
  const { apps, operations, id, resume, refuse, accept, rows, outcome } = await heldUp(t)
  const stop = await apps.stopApp(id)
  await refuse('update on apps')
  await t.throwsAsync(operations.cancel(stop.operation.id), { message: /disk is full/ })
  t.is(apps.get(id).desiredState, 'running')
  await accept()
  await operations.flush()
  await apps.flush()
  t.is((await rows())[0]?.desiredState, 'running')
  resume()
  t.is((await outcome(await apps.update(id, { composeContent: made('2') }))).status, 'succeeded')
  t.like(apps.get(id), { status: 'running', statusReason: null })
})
