import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import Docker from 'dockerode'
import { eventually } from '../../helpers/cluster.ts'
import { ensureTestImage, testImage } from '../../helpers/docker.ts'
import { appName, containersOf, nodeOf, servicesOf } from '../../helpers/own-apps.ts'

const docker = new Docker()
/** Passes at once, so that a deploy is judged without the 10 s that one without a check has to run. */
const well = 'healthcheck: { test: ["CMD", "true"], interval: 1s }'
const shell = (script: string): string => `command: ["sh", "-c", "${script}"]`

test.before(async () => void (await ensureTestImage()))

/** An app whose first version is healthy. */
async function healthyApp(t: ExecutionContext, services: Record<string, string> = { web: well }) {
  const node = await nodeOf(t)
  const name = appName(t)
  const created = await node.apps.create({ name, composeContent: servicesOf(services), rollback: true })
  const first = await node.outcome(created)
  t.is(first.status, 'succeeded', first.error ?? '')
  const { id } = created.app
  const update = async (changed: Record<string, string>, more: { deadlineSeconds?: number; rollback?: boolean } = {}) => {
    const input = { composeContent: servicesOf(changed), rollback: true, ...more }
    return node.outcome(await node.apps.update(id, input))
  }
  const outcomes = async () => {
    const { versions } = await node.apps.versions.list(id, { most: 10 })
    return versions.map(({ number, outcome }) => `${number} ${outcome}`)
  }
  const onDisk = () => readFile(join(node.appsDir, name, 'compose.yaml'), 'utf8')
  return { ...node, name, id, update, outcomes, onDisk, composeContent: servicesOf(services) }
}

/** Updates to a version that fails, and checks that the app is back on its first one. */
async function failsAndGoesBack(t: ExecutionContext, services: Record<string, string>, reason: RegExp, deadlineSeconds?: number) {
  const app = await healthyApp(t)
  const operation = await app.update(services, deadlineSeconds === undefined ? {} : { deadlineSeconds })
  t.is(operation.status, 'failed')
  t.regex(operation.error ?? '', reason)
  t.regex(operation.error ?? '', /^Version 2 failed: .*\. The app is back on version 1/s)
  t.like(app.apps.get(app.id), { version: 1, status: 'running', composeContent: app.composeContent })
  t.deepEqual(await app.outcomes(), ['2 rolled_back', '1 healthy'])
  t.is(await app.onDisk(), app.composeContent)
  t.deepEqual(
    (await containersOf(app.name)).map(({ Labels, State }) => [Labels['com.docker.compose.service'], State]),
    [['web', 'running']],
  )
  return operation
}

test('crash at once: goes back, with the service and its last lines', async (t) => {
  const { error } = await failsAndGoesBack(t, { web: well, db: shell('echo no config; exit 3') }, /service db exited with code 3/)
  t.regex(error ?? '', /\n\nThe last lines of db:\nno config$/)
})

test('crash after 8 s: goes back', async (t) => {
  await failsAndGoesBack(t, { web: shell('sleep 8; exit 4') }, /service web exited with code 4/)
})

test('a health check that is starting for a while and then unhealthy: goes back', async (t) => {
  const bad = 'healthcheck: { test: ["CMD", "false"], interval: 1s, retries: 2, start_period: 2s }'
  await failsAndGoesBack(t, { web: bad }, /service web is unhealthy/)
})

test('an image that cannot be had: goes back', async (t) => {
  const app = await healthyApp(t)
  const composeContent = 'services: { web: { image: "127.0.0.1:1/none:1" } }\n'
  const { error, status } = await app.outcome(await app.apps.update(app.id, { composeContent, rollback: true }))
  t.is(status, 'failed')
  t.regex(error ?? '', /^Version 2 failed: .*127\.0\.0\.1:1\/none.*\. The app is back on version 1$/s)
  t.like(app.apps.get(app.id), { version: 1, status: 'running' })
})

test('a crash loop: goes back long before the deadline', async (t) => {
  await failsAndGoesBack(t, { web: `${shell('exit 3')}, restart: always` }, /service web keeps restarting \(exit code 3\)/)
})

test('a first version that fails stays up for inspection', async (t) => {
  const node = await nodeOf(t)
  const name = appName(t)
  const composeContent = servicesOf({ web: well, db: shell('exit 3') })
  const created = await node.apps.create({ name, composeContent, rollback: true })
  const { status, error } = await node.outcome(created)
  t.is(status, 'failed')
  t.regex(error ?? '', /^Version 1 failed: service db exited with code 3\. There is no healthy version to go back to, so it stays as it is/)
  t.is(await node.apps.versions.outcomeOf(created.app.id, 1), 'failed')
  t.is((await containersOf(name)).length, 2)
})

test('without rollback the operation ends with Compose, and the outcome follows', async (t) => {
  const app = await healthyApp(t)
  const second = await app.update({ web: `${well}, labels: { a: b }` }, { rollback: false })
  t.is(second.status, 'succeeded')
  await eventually(app.outcomes, ([newest]) => newest === '2 healthy')
  const third = await app.update({ web: `${well}, labels: { a: b }`, db: shell('sleep 1; exit 3') }, { rollback: false })
  t.is(third.status, 'succeeded')
  await eventually(app.outcomes, ([newest]) => newest === '3 failed')
  t.is(app.apps.get(app.id).version, 3)
  t.true(app.seen.values.some(({ version, deployFailedAt }) => version === 3 && deployFailedAt !== null))
  await app.outcome(await app.apps.stopApp(app.id))
  t.is(app.apps.get(app.id).deployFailedAt, null)
})

test('a version that is replaced before its verdict stays pending', async (t) => {
  const app = await healthyApp(t)
  await app.update({ web: 'labels: { a: b }' }, { rollback: false })
  t.is((await app.update({ web: `${well}, labels: { a: c }` })).status, 'succeeded')
  t.deepEqual(await app.outcomes(), ['3 healthy', '2 pending', '1 healthy'])
})

test('starting a version that was healthy rolls nothing back when it fails now', async (t) => {
  const once = { web: shell('[ -e /data/once ] && exit 5; touch /data/once; exec serve'), more: well }
  const volumes = '\nvolumes: { data: }\n'
  const node = await nodeOf(t)
  const name = appName(t)
  const composeContent = `${servicesOf({ ...once, web: `${once.web}, ${well}, volumes: ["data:/data"]` })}${volumes}`
  const created = await node.apps.create({ name, composeContent, rollback: true })
  t.is((await node.outcome(created)).status, 'succeeded')
  t.is((await node.outcome(await node.apps.stopApp(created.app.id))).status, 'succeeded')
  const { status, error } = await node.outcome(await node.apps.startApp(created.app.id, { rollback: true }))
  t.is(status, 'failed')
  t.regex(error ?? '', /^Version 1 failed: service web exited with code 5\. It was healthy before, so nothing is rolled back/)
  t.is(await node.apps.versions.outcomeOf(created.app.id, 1), 'healthy')
})

test('a rollback whose own start fails says so, is an error, and is not tried again', async (t) => {
  const node = await nodeOf(t)
  const name = appName(t)
  const file = (web: string): string => `${servicesOf({ web: `${web}, volumes: ["data:/data"]` })}\nvolumes: { data: }\n`
  const composeContent = file(`${shell('[ -e /data/migrated ] && exit 5; exec serve')}, ${well}`)
  const created = await node.apps.create({ name, composeContent, rollback: true })
  t.is((await node.outcome(created)).status, 'succeeded')
  const { id } = created.app
  const update = await node.apps.update(id, { composeContent: file(shell('touch /data/migrated; exit 3')), rollback: true })
  const { status, error } = await node.outcome(update)
  t.is(status, 'failed')
  t.regex(
    error ?? '',
    /^Version 2 failed: service web exited with code 3\. Going back to version 1 failed too: service web exited with code 5\. Nothing more is tried/,
  )
  t.like(node.apps.get(id), { version: 1, status: 'error' })
  t.is(node.operations.activeOf(id), undefined)
  t.is(await node.apps.versions.outcomeOf(id, 2), 'rolled_back')
})

test('goes back to the image that a version ran with, although its name leads to another now', async (t) => {
  const app = await healthyApp(t)
  const tagged = `${app.name}:1`
  t.teardown(() => docker.getImage(tagged).remove({ force: true }))
  await docker.getImage(testImage).tag({ repo: app.name, tag: '1' })
  const own = (more: string): string => `services: { web: { image: "${tagged}", ${more} } }\n`
  const deploy = async (more: string) => app.outcome(await app.apps.update(app.id, { composeContent: own(more), rollback: true }))
  const second = await deploy(well)
  t.is(second.status, 'succeeded', second.error ?? '')
  const { images } = await app.apps.versions.shown(app.id, 2)
  const original = (await docker.getImage(testImage).inspect()).Id
  t.like(images, [{ service: 'web', image: tagged, digest: null, id: original }])
  const held = `selfhostly.local/${app.name}/web:v2`
  t.is((await docker.getImage(held).inspect()).Id, original)

  const other = await docker.createContainer({ Image: testImage, Cmd: ['true'] })
  await other.commit({ repo: app.name, tag: '1' })
  await other.remove()
  t.is((await deploy(shell('exit 3'))).status, 'failed')
  t.is((await containersOf(app.name))[0]?.ImageID, original)
  t.like(app.apps.get(app.id), { version: 2, status: 'running' })
  t.is(await app.onDisk(), own(well), 'the file stays as it was written')
  t.regex(await readFile(join(app.appsDir, app.name, 'compose.selfhostly.yaml'), 'utf8'), new RegExp(`image: ${held}`))

  t.is((await app.outcome(await app.apps.removeApp(app.id))).status, 'succeeded')
  await t.throwsAsync(docker.getImage(held).inspect(), { message: /no such image/i }, 'nothing is held for an app that is gone')
})
