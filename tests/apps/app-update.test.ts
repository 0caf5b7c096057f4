import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import Docker from 'dockerode'
import { ensureTestImage } from '../helpers/docker.ts'
import { appName, nodeOf, web } from '../helpers/own-apps.ts'

const docker = new Docker()
const label = (value: string): string => web(`    labels: { made: '${value}' }\n`)

test.before(async () => void (await ensureTestImage()))

/** A running app, with helpers to look at its file and containers. */
async function runningApp(t: ExecutionContext) {
  const node = await nodeOf(t)
  const name = appName(t)
  const created = await node.apps.create({ name, description: 'the shop', composeContent: label('1') })
  t.is((await node.outcome(created)).status, 'succeeded')
  const { id } = created.app
  const file = join(node.appsDir, name, 'compose.yaml')
  const containers = async () =>
    (await docker.listContainers({ all: true, filters: { label: [`com.docker.compose.project=${name}`] } })).map((one) => ({
      id: one.Id,
      state: one.State,
      made: one.Labels['made'],
    }))
  return { ...node, id, name, file, containers }
}

test('a new description is saved at once and changes no file, container or version', async (t) => {
  const { apps, id, file, containers, seen } = await runningApp(t)
  const before = { file: statSync(file, { bigint: true }).mtimeNs, containers: await containers() }
  const from = seen.values.length
  const { app, operation } = await apps.update(id, { description: 'the new shop' })
  t.like(app, { description: 'the new shop', version: 1, status: 'running' })
  t.like(operation, { kind: 'update', status: 'succeeded', message: 'Description changed' })
  t.not(operation.finishedAt, null)
  t.deepEqual({ file: statSync(file, { bigint: true }).mtimeNs, containers: await containers() }, before)
  t.deepEqual([...new Set(seen.values.slice(from).map(({ status }) => status))], ['running'], 'it never shows as updating')

  t.is((await apps.update(id, {})).app.description, 'the new shop', 'a description that is left out stays')
  t.is((await apps.update(id, { description: null })).app.description, null, 'null clears it')
  t.is((await apps.update(id, { description: null })).operation.message, 'Nothing to change')
})

test("a new description waits neither for the app's operations nor for Docker, and keeps an error", async (t) => {
  const { apps, outcome, appsDir: _, ...node } = await runningApp(t)
  const failing = await apps.update(node.id, { composeContent: web().replace('selfhostly-test/web:1', 'localhost:1/absent:1') })
  t.like((await apps.update(node.id, { description: 'meanwhile' })).operation, { status: 'succeeded' })
  t.is((await outcome(failing)).status, 'failed')
  const { status, statusReason } = apps.get(node.id)
  t.regex(statusReason ?? '', /^Updating it failed: /)
  const { app } = await apps.update(node.id, { description: 'later' })
  t.like(app, { status, statusReason, description: 'later' })
})

test('a stopped app stays stopped after a new file, newer images or a description', async (t) => {
  const { apps, id, file, containers, outcome } = await runningApp(t)
  t.is((await outcome(await apps.stopApp(id))).status, 'succeeded')
  const before = await containers()
  t.is((await apps.update(id, { description: 'closed' })).app.status, 'stopped')
  t.is((await outcome(await apps.update(id, { composeContent: label('2') }))).status, 'succeeded')
  t.like(apps.get(id), { status: 'stopped', desiredState: 'stopped', version: 2, composeContent: label('2') })
  t.is(readFileSync(file, 'utf8'), label('2'))
  // There is no registry to pull from. It is enough that it was tried.
  const pulled = await outcome(await apps.update(id, { pull: true }))
  t.is(pulled.message, 'Pulling images')
  t.deepEqual(await containers(), before)
  t.is(apps.get(id).desiredState, 'stopped')

  t.is((await outcome(await apps.startApp(id))).status, 'succeeded')
  t.like(await containers(), [{ state: 'running', made: '2' }])
})

test('an app stopped while its update is queued is updated and stays stopped', async (t) => {
  const { apps, id, outcome, containers } = await runningApp(t)
  const [update, stop] = [apps.update(id, { composeContent: label('2') }), apps.stopApp(id)]
  for (const answer of [await update, await stop]) t.is((await outcome(answer)).status, 'succeeded')
  t.like(apps.get(id), { status: 'stopped', version: 2 })
  t.deepEqual(
    (await containers()).map(({ state }) => state),
    ['exited'],
  )
})

test('versions count file changes, ignore equal content and survive a restart', async (t) => {
  const { apps, id, outcome, containers, database, folder, stop } = await runningApp(t)
  const before = await containers()
  t.is((await outcome(await apps.update(id, { composeContent: label('1'), description: 'same' }))).status, 'succeeded')
  t.like(apps.get(id), { version: 1, description: 'same' })
  t.deepEqual(await containers(), before, 'the containers are not recreated')
  t.is((await outcome(await apps.update(id, { composeContent: label('2') }))).status, 'succeeded')
  t.is((await outcome(await apps.update(id, { composeContent: label('1') }))).status, 'succeeded')
  t.is(apps.get(id).version, 3)
  await stop()
  await database.close(true)
  t.is((await nodeOf(t, { folder })).apps.get(id).version, 3)
})

test('refuses a change based on an old version, names the current one and changes nothing', async (t) => {
  const { apps, id, name, file, outcome, ended } = await runningApp(t)
  t.is((await outcome(await apps.update(id, { composeContent: label('2'), ifVersion: 1 }))).status, 'succeeded')
  const from = ended.values.length
  for (const change of [{ composeContent: label('mine') }, { description: 'mine' }, { pull: true }, {}]) {
    const error = await t.throwsAsync(apps.update(id, { ...change, ifVersion: 1 }), { code: 'CONFLICT' })
    t.regex(error?.message ?? '', new RegExp(`^${name} is now at version 2, but your change is based on version 1\\.`))
    t.like(error, { fields: [{ field: 'ifVersion', message: 'is 1, but the current version is 2' }] })
  }
  t.like(apps.get(id), { version: 2, description: 'the shop', composeContent: label('2') })
  t.is(readFileSync(file, 'utf8'), label('2'))
  t.is(ended.values.length, from, 'no operation was queued')
})

test('of simultaneous changes to one version, accepts one and refuses the others', async (t) => {
  const { apps, id, file, outcome } = await runningApp(t)
  const answers = await Promise.allSettled(['a', 'b', 'c'].map((made) => apps.update(id, { composeContent: label(made), ifVersion: 1 })))
  const [taken, ...others] = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
  t.is(others.length, 0)
  for (const answer of answers) if (answer.status === 'rejected') t.is((answer.reason as { code: string }).code, 'CONFLICT')
  t.is((await outcome(taken!)).status, 'succeeded')
  t.is(apps.get(id).version, 2)
  t.is(readFileSync(file, 'utf8'), apps.get(id).composeContent)

  // Changes without ifVersion are both accepted, one after the other.
  const [first, second] = await Promise.all([
    apps.update(id, { composeContent: label('d') }),
    apps.update(id, { composeContent: label('e') }),
  ])
  for (const answer of [first, second]) t.is((await outcome(answer)).status, 'succeeded')
  t.is(apps.get(id).version, 4)
  t.is(readFileSync(file, 'utf8'), apps.get(id).composeContent)
})

test('a change cancelled while queued does not block others', async (t) => {
  const { apps, id, name, operations, outcome } = await runningApp(t)
  const before = Promise.withResolvers<void>()
  await operations.enqueue('start', { id, name }, {}, { work: () => before.promise, after: () => Promise.resolve() })
  const waiting = await apps.update(id, { composeContent: label('waiting') })
  await operations.cancel(waiting.operation.id)
  t.is((await outcome(waiting)).status, 'cancelled')
  before.resolve()
  t.is((await outcome(await apps.startApp(id))).status, 'succeeded')
  t.is((await outcome(await apps.update(id, { composeContent: label('2'), ifVersion: 1 }))).status, 'succeeded')
  t.is(apps.get(id).version, 3, 'numbers only grow')
})
