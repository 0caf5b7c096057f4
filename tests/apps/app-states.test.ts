import test from 'ava'
import Docker from 'dockerode'
import { AppEntity } from '../../api/apps/app.entity.ts'
import { eventually } from '../helpers/cluster.ts'
import { ensureTestImage } from '../helpers/docker.ts'
import { containersOf, deployed, nodeOf } from '../helpers/own-apps.ts'
import { tar } from '../helpers/tar.ts'

const docker = new Docker()

test.before(async () => void (await ensureTestImage()))

test('notices and names a service that is stopped with 0, paused or removed', async (t) => {
  const app = await deployed(t, { web: '', db: '' })
  t.is(app.operation.status, 'succeeded', app.operation.error ?? '')
  t.like(app.apps.get(app.id), { status: 'running', statusReason: null })
  await app.container('db').stop()
  const stopped = await app.becomes('degraded', 'service db was stopped')
  const ended = stopped.containers.find(({ service }) => service === 'db')
  t.like(ended, { state: 'exited', exitCode: 0, statusText: 'Exited (0)' })
  t.true((ended?.finishedAt?.getTime() ?? 0) > (ended?.startedAt?.getTime() ?? Infinity))
  await app.container('db').start()
  await app.becomes('running', null)
  await app.container('db').pause()
  await app.becomes('degraded', 'service db is paused')
  await app.container('db').unpause()
  await app.becomes('running', null)
  await app.container('db').remove({ force: true })
  await app.becomes('degraded', 'service db has no container')
  await app.container('web').remove({ force: true })
  // Compose 1 lists services in alphabetical order.
  await app.seen.first(
    ({ status, statusReason }) => status === 'error' && /service (web|db) has no container, service/.test(statusReason ?? ''),
  )
  t.is((await app.outcome(await app.apps.startApp(app.id))).status, 'succeeded')
  t.like(app.apps.get(app.id), { status: 'running', statusReason: null })
})

test('remembers after a program restart that a service was stopped by hand; a job that ended by itself has finished', async (t) => {
  const app = await deployed(t, { web: '', db: '', job: 'command: ["true"]' })
  t.is(app.operation.status, 'succeeded', app.operation.error ?? '')
  await app.seen.first(({ status, containers }) => status === 'running' && containers.some(({ state }) => state === 'exited'))
  await app.container('db').stop()
  await app.becomes('degraded', 'service db was stopped')
  const saved = async () => (await app.database.em.fork().findOneOrFail(AppEntity, { id: app.id })).stoppedContainers
  await eventually(saved, (stopped) => stopped?.length === 1)
  await app.stop()
  await app.database.close(true)
  const again = await nodeOf(t, { folder: app.folder })
  t.like(again.apps.get(app.id), { status: 'degraded', statusReason: 'service db was stopped' })
})

test('a crash-looping container never counts as running, and one that stays up does after 10 s', async (t) => {
  const crash = 'command: ["sh", "-c", "sleep 0.2; [ -e /tmp/mended ] || exit 3; exec serve"], restart: always'
  const app = await deployed(t, { web: '', db: crash })
  t.is(app.operation.status, 'succeeded', app.operation.error ?? '')
  await app.seen.first(({ status, statusReason }) => status === 'degraded' && statusReason === 'service db keeps restarting (exit code 3)')
  const from = app.seen.values.length
  await app.seen.first(({ containers }) => containers.some(({ restartCount }) => (restartCount ?? 0) >= 4), { from, withinMs: 30_000 })
  t.deepEqual([...new Set(app.seen.values.slice(from).map(({ status }) => status))], ['degraded'], 'even between two crashes')
  const runs = app.seen.values
    .slice(from)
    .flatMap(({ containers }) => containers.filter((each) => each.service === 'db' && each.state === 'running'))
  t.true(runs.length > 0)
  t.true(runs.every(({ isSteady }) => isSteady === false))

  const mended = app.seen.values.length
  const [{ Id: dbId = '' } = {}] = (await containersOf(app.name)).filter(({ Labels }) => Labels['com.docker.compose.service'] === 'db')
  await docker.getContainer(dbId).putArchive(tar([{ path: 'mended', content: '' }]), { path: '/tmp' })
  const running = await app.seen.first(({ status }) => status === 'running', { from: mended, withinMs: 60_000 })
  const db = running.containers.find(({ service }) => service === 'db')
  t.true(Date.now() - (db?.startedAt?.getTime() ?? Infinity) >= 9_000, 'it has stayed up for 10 s')
  t.true(db?.isSteady)
})

test("a port in use: the container never starts, and the app is in error with Docker's reason", async (t) => {
  const holder = await deployed(t, { web: `ports: ["127.0.0.1::80"]` })
  const port = holder.apps.get(holder.id).containers[0]?.ports[0]?.hostPort
  const app = await deployed(t, { web: '', db: `ports: ["127.0.0.1:${port}:80"], depends_on: [web]` })
  t.is(app.operation.status, 'failed')
  t.like(app.apps.get(app.id), {
    status: 'error',
    statusReason: `Creating it failed: could not start service "db": port 127.0.0.1:${port} is already in use by another container`,
  })
})

test('shows that a service is not healthy yet, then unhealthy', async (t) => {
  const check = `healthcheck: { test: ["CMD", "test", "-e", "/tmp/well"], interval: 1s, timeout: 2s, retries: 10 }`
  const app = await deployed(t, { web: '', db: check })
  t.like(app.apps.get(app.id), { status: 'running', statusReason: 'service db has not passed its health check yet' })
  await app.becomes('degraded', 'service db is unhealthy')
})

test("counts every container of a scaled service; understands jobs, profiles and another service's network", async (t) => {
  const app = await deployed(t, {
    web: 'deploy: { replicas: 2 }, depends_on: { init: { condition: service_completed_successfully } }',
    init: 'command: ["true"], restart: on-failure',
    side: 'network_mode: "service:single", command: ["sleep", "600"], init: true',
    single: '',
    debug: 'profiles: [debug]',
  })
  t.is(app.operation.status, 'succeeded', app.operation.error ?? '')
  t.like(app.apps.get(app.id), { status: 'running', statusReason: null })
  t.is(app.apps.get(app.id).containers.length, 5)
  await app.container('web').remove({ force: true })
  await app.becomes('degraded', 'service web runs 1 of 2 containers')
})

test('resolves an app that an earlier version deployed', async (t) => {
  const app = await deployed(t, { web: '', db: '' })
  await app.container('db').remove({ force: true })
  await app.becomes('degraded', 'service db has no container')
  await app.stop()
  await app.database.em.fork().nativeUpdate(AppEntity, { id: app.id }, { wanted: null })
  await app.database.close(true)
  const again = await nodeOf(t, { folder: app.folder })
  await again.seen.first(({ statusReason }) => statusReason === 'service db has no container', { withinMs: 20_000 })
  t.is((await again.database.em.fork().findOneOrFail(AppEntity, { id: app.id })).wanted?.length, 2)
})

test('an app that runs but should be stopped says so', async (t) => {
  const app = await deployed(t, { web: '' })
  t.is((await app.outcome(await app.apps.stopApp(app.id))).status, 'succeeded')
  t.like(app.apps.get(app.id), { status: 'stopped', statusReason: null })
  await app.container('web').start()
  await app.becomes('running', 'the app should be stopped, but service web is running')
})
