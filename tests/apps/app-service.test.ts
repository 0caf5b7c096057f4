import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import Docker from 'dockerode'
import { AppVersionEntity } from '../../api/apps/versions/app-version.entity.ts'
import { AppEntity } from '../../api/apps/app.entity.ts'
import type { AppError } from '../../api/errors.ts'
import { dataFolder } from '../helpers/data-folder.ts'
import { testDatabase } from '../helpers/database.ts'
import { createContainer, ensureTestImage, testImage, uniqueName } from '../helpers/docker.ts'
import { appName, containersOf, nodeOf, web } from '../helpers/own-apps.ts'
import { primaryId as nodeId } from '../helpers/registry.ts'
import { endsOf } from '../helpers/settled.ts'
import { someApp } from '../helpers/things.ts'
import { pageOf } from '../helpers/page.ts'

const docker = new Docker()

test.before(async () => void (await ensureTestImage()))

test('an app from creation to removal', async (t) => {
  const { apps, outcome, seen, removed, appsDir, database } = await nodeOf(t)
  const name = appName(t)
  const created = await apps.create({ name, description: 'the shop', composeContent: web(`    ports: ['127.0.0.1::80']\n`) })
  t.like(created.app, { name, nodeId, status: 'pending', desiredState: 'running', description: 'the shop' })
  t.like(created.operation, { kind: 'create', status: 'queued', appId: created.app.id })
  const { id } = created.app
  const made = await outcome(created)
  t.is(made.status, 'succeeded', `${made.error}\n${made.output.join('\n')}`)
  t.true(made.output.length > 0)
  const running = apps.get(id)
  t.like(running, { status: 'running', statusReason: null })
  t.is(running.containers.length, 1)
  t.like(running.containers[0], { service: 'web', state: 'running', image: testImage })
  t.regex(await pageOf(running.containers[0]?.ports[0]?.hostPort), /Welcome to nginx-like web/)

  const updated = await outcome(await apps.update(id, { composeContent: `${web()}  more:\n    image: ${testImage}\n` }))
  t.is(updated.status, 'succeeded', updated.error ?? '')
  t.deepEqual(
    apps
      .get(id)
      .containers.map(({ service }) => service)
      .sort(),
    ['more', 'web'],
  )
  t.is(apps.get(id).description, 'the shop', 'fields that an update leaves out stay')
  t.regex(readFileSync(join(appsDir, name, 'compose.yaml'), 'utf8'), /more:/)

  t.is((await outcome(await apps.stopApp(id))).status, 'succeeded')
  t.like(apps.get(id), { status: 'stopped', desiredState: 'stopped', statusReason: null })
  t.is((await outcome(await apps.startApp(id))).status, 'succeeded')
  t.like(apps.get(id), { status: 'running', desiredState: 'running' })

  const removal = await apps.removeApp(id)
  t.is((await outcome(removal)).status, 'succeeded')
  await removed.first((each) => each === id)
  t.throws(() => apps.get(id), { code: 'NOT_FOUND' })
  t.deepEqual(await containersOf(name), [])
  t.false(existsSync(join(appsDir, name)))
  t.is(await database.em.fork().count(AppEntity), 0)
  t.deepEqual(
    [...new Set(seen.values.map(({ status }) => status))].sort(),
    ['pending', 'removing', 'running', 'starting', 'stopped', 'stopping', 'updating'],
    'and never in error',
  )
})

test('reports with the exit code when a container is killed from outside, and when it is restarted', async (t) => {
  const { apps, outcome, seen } = await nodeOf(t)
  const name = appName(t)
  const created = await apps.create({ name, composeContent: web() })
  t.is((await outcome(created)).status, 'succeeded')
  const [container] = apps.get(created.app.id).containers
  const from = seen.values.length
  await docker.getContainer(container?.id ?? '').kill()
  t.like(await seen.first(({ status }) => status === 'error', { from }), {
    status: 'error',
    desiredState: 'running',
    statusReason: 'service web exited with code 137',
    containers: [{ state: 'exited', exitCode: 137 }],
  })
  const beforeStart = seen.values.length
  await docker.getContainer(container?.id ?? '').start()
  await seen.first(({ status }) => status === 'running', { from: beforeStart })
  t.is(apps.get(created.app.id).statusReason, null)
})

test("ignores other containers, even those with the app's project name", async (t) => {
  const { apps, outcome, seen, watch } = await nodeOf(t)
  const name = appName(t)
  const created = await apps.create({ name, composeContent: web() })
  t.is((await outcome(created)).status, 'succeeded')
  const ids = () => apps.get(created.app.id).containers.map(({ id }) => id)
  const before = ids()
  const from = seen.values.length
  const labels = {
    'com.docker.compose.project': name,
    'com.docker.compose.service': 'web',
    'com.docker.compose.project.working_dir': '/elsewhere',
  }
  const stranger = await createContainer(t, { Labels: labels })
  await stranger.start()
  await stranger.kill()
  const plain = await createContainer(t)
  await plain.start()
  await plain.kill()
  await watch.refresh()
  t.true(
    watch.all().some(({ id }) => id === plain.id),
    'the latest reading includes it',
  )
  t.deepEqual(ids(), before)
  apps.refreshAll()
  t.deepEqual(seen.values.slice(from), [], 'the app has not changed, so nothing is reported')
})

test('a taken name is a conflict, whoever uses it, and leaves no trace', async (t) => {
  const { apps, database } = await nodeOf(t)
  const conflict = async (name: string, says: RegExp): Promise<void> => {
    const error = await t.throwsAsync(apps.create({ name, composeContent: web() }), { code: 'CONFLICT', message: says })
    t.is((error as AppError).fields[0]?.field, 'name')
  }

  const foreign = uniqueName()
  await createContainer(t, { Labels: { 'com.docker.compose.project': foreign } })
  const later = await nodeOf(t)
  await t.throwsAsync(later.apps.create({ name: foreign, composeContent: web() }), {
    code: 'CONFLICT',
    message: /that Selfhostly does not manage/,
  })

  const name = appName(t)
  const outcomes = await Promise.allSettled([1, 2, 3].map(() => apps.create({ name, composeContent: web() })))
  t.deepEqual(endsOf(outcomes).toSorted(), ['CONFLICT', 'CONFLICT', 'done'])
  await conflict(name, /already has an app named/)
  t.is(await database.em.fork().count(AppEntity), 1)
})

const refused: Record<string, { name?: string; composeContent?: string; field: string; says: RegExp }> = {
  'a name with a path': { name: '../escape', field: 'name', says: /lowercase letters/ },
  'no services': { composeContent: 'volumes: {}\n', field: 'composeContent', says: /services/ },
  'invalid YAML': { composeContent: 'services: [\n', field: 'composeContent', says: /line \d/ },
  'an option that Compose does not know': { composeContent: web('    imagine: true\n'), field: 'composeContent', says: /imagine/ },
}

for (const [what, { name = uniqueName(), composeContent = web(), field, says }] of Object.entries(refused)) {
  test(`${what} is refused at once and leaves no trace`, async (t) => {
    const { apps, appsDir, database, seen, ended } = await nodeOf(t)
    const error = await t.throwsAsync(apps.create({ name, composeContent }), { code: 'INVALID_INPUT' })
    const [problem] = (error as AppError).fields
    t.is(problem?.field, field)
    t.regex(problem?.message ?? '', says)
    t.deepEqual([apps.list(), seen.values, ended.values], [[], [], []])
    t.is(await database.em.fork().count(AppEntity), 0)
    t.deepEqual(existsSync(appsDir) ? readdirSync(appsDir) : [], [])
  })
}

test('a problem that only shows at run time fails the operation; a correct file then fixes the app, a wrong one changes nothing', async (t) => {
  const { apps, outcome } = await nodeOf(t)
  const name = appName(t)
  const created = await apps.create({ name, composeContent: web().replace(testImage, 'localhost:1/absent:1') })
  const failed = await outcome(created)
  t.is(failed.status, 'failed')
  t.regex(failed.error ?? '', /localhost:1/)
  const { id } = created.app
  t.is(apps.get(id).status, 'error')
  t.regex(apps.get(id).statusReason ?? '', /^Creating it failed: .*localhost:1/)

  await t.throwsAsync(apps.update(id, { composeContent: 'services: {}\n' }), { code: 'INVALID_INPUT' })
  t.regex(apps.get(id).composeContent, /absent/)

  const pulled = await outcome(await apps.update(id, { pull: true, description: 'newer images' }))
  t.like(pulled, { status: 'failed', kind: 'update', message: 'Pulling images' })
  t.regex(apps.get(id).statusReason ?? '', /^Updating it failed: .*localhost:1/)
  t.is(apps.get(id).description, 'newer images')
  t.is((await outcome(await apps.update(id, { composeContent: web() }))).status, 'succeeded')
  t.like(apps.get(id), { status: 'running', statusReason: null })
})

test('an app whose network exists twice starts all the same, and keeps one of them', async (t) => {
  const { apps, outcome } = await nodeOf(t)
  const name = appName(t)
  const Labels = { 'com.docker.compose.project': name, 'com.docker.compose.network': 'default' }
  for (let times = 0; times < 2; times++) await docker.createNetwork({ Name: `${name}_default`, CheckDuplicate: false, Labels })
  const networks = () => docker.listNetworks({ filters: { label: [`com.docker.compose.project=${name}`] } })
  t.is((await networks()).length, 2)

  const created = await outcome(await apps.create({ name, composeContent: `services:\n  web:\n    image: ${testImage}\n` }))
  t.is(created.status, 'succeeded', created.error ?? '')
  t.is((await networks()).length, 1)
})

test('cancelling ends a running Compose; the app shows it and can be started again', async (t) => {
  const { apps, operations, outcome, ended } = await nodeOf(t)
  const name = appName(t)
  // The second service waits for the first to become healthy, which never happens.
  const unhealthy = `    healthcheck: { test: ['CMD', 'false'], interval: 1s, retries: 60 }\n`
  const composeContent = `${web(unhealthy)}  after:\n    image: ${testImage}\n    depends_on: { web: { condition: service_healthy } }\n`
  const created = await apps.create({ name, composeContent })
  await ended.first(({ id, output }) => id === created.operation.id && output.length > 0)
  await operations.cancel(created.operation.id)
  t.like(await outcome(created), { status: 'cancelled', error: 'Cancelled' })
  t.not(apps.get(created.app.id).status, 'pending')
  const updated = await outcome(await apps.update(created.app.id, { composeContent: web() }))
  t.is(updated.status, 'succeeded', updated.error ?? '')
  t.is(apps.get(created.app.id).status, 'running')
})

test("after a restart apps match Docker's state, and unfinished operations are finished", async (t) => {
  const first = await nodeOf(t)
  const name = appName(t)
  const created = await first.apps.create({ name, composeContent: web() })
  t.is((await first.outcome(created)).status, 'succeeded')
  await first.stop()
  await t.throwsAsync(first.apps.stopApp(created.app.id), { code: 'SHUTTING_DOWN' })
  await first.database.em.getConnection().execute(`update operations set status = 'running', finished_at = null`)
  const [container] = await containersOf(name)
  await docker.getContainer(container?.Id ?? '').kill()
  await first.database.close(true)

  const second = await nodeOf(t, { folder: first.folder })
  t.like(second.apps.get(created.app.id), { name, desiredState: 'running' })
  const { status, output, error } = await second.outcome(created)
  t.is(status, 'succeeded', error ?? '')
  t.true(output.includes('The node stopped here. Starting over'))
  t.like(second.apps.get(created.app.id), { status: 'running', statusReason: null })
  t.is((await second.outcome(await second.apps.removeApp(created.app.id))).status, 'succeeded')
})

test('without Docker, refuses changes without a trace and shows known apps as unknown with the reason', async (t) => {
  const folder = dataFolder(t)
  const known = someApp({ nodeId, name: uniqueName() })
  const { id, name, description, composeContent, version, desiredState, createdAt, updatedAt } = known
  const before = await testDatabase(t, join(folder, 'data/selfhostly.db'))
  await before.em
    .fork()
    .insert(AppEntity, { id, name, description, composeContent, version, desiredState, lastError: null, createdAt, updatedAt })
  const made = { number: version, author: 'ada', reason: null, outcome: 'healthy', createdAt } as const
  await before.em
    .fork()
    .insert(AppVersionEntity, { appId: id, composeContent, environment: [], files: [], profiles: [], images: [], ...made })
  await before.close(true)

  const { apps, database } = await nodeOf(t, { folder, dockerHost: `unix://${join(folder, 'no-docker.sock')}` })
  t.is(apps.get(id).status, 'unknown')
  t.regex(apps.get(id).statusReason ?? '', /no-docker\.sock/)
  const other = uniqueName()
  await t.throwsAsync(apps.create({ name: other, composeContent: web() }), { code: 'DOCKER_UNAVAILABLE' })
  await t.throwsAsync(apps.stopApp(id), { code: 'DOCKER_UNAVAILABLE' })
  await t.throwsAsync(apps.update(id, { composeContent: web() }), { code: 'DOCKER_UNAVAILABLE' })
  t.is(apps.get(id).desiredState, 'running')
  t.is(await database.em.fork().count(AppEntity), 1)
  t.false(existsSync(join(folder, 'apps', other)))
})

test('an operation queued behind a removal fails and brings nothing back', async (t) => {
  const { apps, outcome, appsDir, database } = await nodeOf(t)
  const name = appName(t)
  const created = await apps.create({ name, composeContent: web() })
  const removal = await apps.removeApp(created.app.id)
  const late = await apps.startApp(created.app.id)
  t.is((await outcome(removal)).status, 'succeeded')
  t.like(await outcome(late), { status: 'failed', error: `There is no app with id ${created.app.id}` })
  t.deepEqual(apps.list(), [])
  t.deepEqual(await containersOf(name), [])
  t.false(existsSync(join(appsDir, name)))
  t.is(await database.em.fork().count(AppEntity), 0)
})

test('an app that does not exist is not found', async (t) => {
  const { apps } = await nodeOf(t)
  for (const change of [apps.startApp, apps.stopApp, apps.removeApp]) await t.throwsAsync(change(nodeId), { code: 'NOT_FOUND' })
  await t.throwsAsync(apps.update(nodeId, {}), { code: 'NOT_FOUND' })
})
