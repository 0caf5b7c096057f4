import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import Docker from 'dockerode'
import { AppEntity } from '../../api/apps/app.entity.ts'
import { dataFolder } from '../helpers/data-folder.ts'
import { createContainer, ensureTestImage, testImage, uniqueName } from '../helpers/docker.ts'
import { appName, containersOf, nodeOf, web } from '../helpers/own-apps.ts'

const docker = new Docker()

test.before(async () => void (await ensureTestImage()))

/** A running app and its folder. */
const unnamedPattern = /^[0-9a-f]{64}$/
const removedAfter = (t: ExecutionContext, volume: string): void =>
  t.teardown(() =>
    docker
      .getVolume(volume)
      .remove()
      .catch(() => undefined),
  )

async function runningApp(t: ExecutionContext, composeContent = web(), allow: string[] = []) {
  const node = await nodeOf(t)
  const name = appName(t)
  const created = await node.apps.create({ name, composeContent, allow })
  const made = await node.outcome(created)
  t.is(made.status, 'succeeded', made.error ?? '')
  // Unnamed volumes have no label by which they could be found later.
  for (const { Mounts } of await containersOf(name))
    for (const { Name = '' } of Mounts) if (unnamedPattern.test(Name)) removedAfter(t, Name)
  const { id } = created.app
  const remove = async (input = {}) => node.outcome(await node.apps.removeApp(id, input))
  return { ...node, name, id, remove, directory: join(node.appsDir, name) }
}

const label = (name: string) => ({ filters: JSON.stringify({ label: [`com.docker.compose.project=${name}`] }) })
const volumesOf = async (name: string) => ((await docker.listVolumes(label(name))).Volumes ?? []).map(({ Name }) => Name)
const networksOf = async (name: string) => (await docker.listNetworks(label(name))).map(({ Name }) => Name)
const isThere = (volume: string): Promise<boolean> =>
  docker
    .getVolume(volume)
    .inspect()
    .then(
      () => true,
      () => false,
    )

const withData = web(`    volumes: ['./data:/data', 'named:/named', '/unnamed']\n`) + 'volumes:\n  named: {}\n'

/** The unnamed volume of the app's container. */
async function unnamedVolume(t: ExecutionContext, name: string): Promise<string> {
  const [container] = await containersOf(name)
  const volume = container?.Mounts.find(({ Destination }) => Destination === '/unnamed')?.Name ?? ''
  t.regex(volume, unnamedPattern)
  return volume
}

test("removing an app keeps its volumes and other programs' files in its folder", async (t) => {
  const { name, remove, directory, apps, database } = await runningApp(t, withData)
  writeFileSync(join(directory, 'data/photo.jpg'), 'the only copy')
  writeFileSync(join(directory, '.env'), 'PASSWORD=secret')
  const unnamed = await unnamedVolume(t, name)

  const ended = await remove()
  t.is(ended.status, 'succeeded', ended.error ?? '')
  t.is(ended.message, `Done: kept in the folder ${name} in APPS_DIR: .env, data`)
  t.deepEqual(readdirSync(directory).sort(), ['.env', 'data'], 'only the files this program wrote are gone')
  t.deepEqual(readdirSync(join(directory, 'data')), ['photo.jpg'])
  t.deepEqual(await volumesOf(name), [`${name}_named`])
  t.true(await isThere(unnamed))
  t.deepEqual([await containersOf(name), await networksOf(name), apps.list()], [[], [], []])
  t.is(await database.em.fork().count(AppEntity), 0)
})

test('removes volumes and files on request', async (t) => {
  const { name, id, apps, outcome, directory } = await runningApp(t, withData)
  writeFileSync(join(directory, 'data/photo.jpg'), 'the only copy')
  const unnamed = await unnamedVolume(t, name)
  const both = await Promise.all([1, 2].map(() => apps.removeApp(id, { volumes: true, files: true })))
  for (const each of both) t.like(await outcome(each), { status: 'succeeded', message: 'Done' }, 'also the second press of the button')
  t.false(existsSync(directory))
  t.deepEqual(await volumesOf(name), [])
  t.false(await isThere(unnamed))
})

test('the preview lists what goes and what stays, with sizes, and the removal does the same', async (t) => {
  const elsewhere = dataFolder(t)
  const external = await docker.createVolume({ Name: uniqueName() })
  t.teardown(() => external.remove())
  const { name, id, apps, remove, directory } = await runningApp(
    t,
    web(`    volumes: ['./data:/data', 'named:/named', '/unnamed', 'others:/others', '${elsewhere}:/elsewhere']
`) + `volumes:\n  named: {}\n  others: { external: true, name: ${external.name} }\n`,
    ['bind-mount'],
  )
  const unnamed = await unnamedVolume(t, name)
  writeFileSync(join(directory, 'data/photo.jpg'), 'x'.repeat(2000))
  mkdirSync(join(directory, 'data/more'))
  writeFileSync(join(directory, 'data/more/photo.jpg'), 'x'.repeat(3000))
  const backup = await createContainer(t, { HostConfig: { Binds: [`${name}_named:/backup`], NetworkMode: `${name}_default` } })
  const user = `container ${(await backup.inspect()).Name.slice(1)}`
  const container = apps.get(id).containers[0]?.name ?? ''
  const { items, omitted } = await apps.removalOf(id)
  t.is(omitted, 0)
  t.deepEqual(
    items.map(({ kind, name: what, detail, goes, obstacle }) => [kind, what, detail, goes, obstacle]),
    [
      ['container', container, 'service web', 'always', null],
      ['network', `${name}_default`, null, 'never', `it is in use by ${user}`],
      ['volume', `${name}_named`, '/named in service web', 'with_volumes', `it is in use by ${user}`],
      ['volume', unnamed, 'unnamed, /unnamed in service web', 'with_volumes', null],
      ['volume', external.name, '/others in service web', 'never', 'the app uses it but did not create it'],
      ['file', 'compose.yaml', null, 'always', null],
      ['folder', 'data', null, 'with_files', null],
      ['folder', elsewhere, null, 'never', "it is outside the app's folder"],
    ],
  )
  const sizes = Object.fromEntries(items.map(({ name: what, sizeBytes }) => [what, sizeBytes]))
  t.is(sizes['data'], 5000)
  t.is(sizes['compose.yaml'], Buffer.byteLength(apps.get(id).composeContent))

  await backup.remove({ force: true })
  t.like(await remove({ volumes: true, files: true }), { status: 'succeeded', message: 'Done' })
  t.false(existsSync(directory))
  t.true(existsSync(elsewhere))
  t.true(await isThere(external.name))
  t.deepEqual([await volumesOf(name), await isThere(unnamed)], [[], false])
})

test('counts the items that do not fit in the dialog', async (t) => {
  const { id, apps, directory } = await runningApp(t)
  for (let index = 0; index < 150; index++) writeFileSync(join(directory, `photo-${index}.jpg`), '')
  const { items, omitted } = await apps.removalOf(id)
  t.is(items.filter(({ kind }) => kind === 'file').length, 100)
  t.is(omitted, 51, 'including the Compose file')
})

test('keeps a Compose file that was edited on disk', async (t) => {
  const { remove, directory, name, apps, id } = await runningApp(t)
  writeFileSync(join(directory, 'compose.yaml'), web('    labels: { edited: by-hand }\n'))
  const { items } = await apps.removalOf(id)
  t.like(
    items.find(({ name: path }) => path === 'compose.yaml'),
    { goes: 'with_files', detail: 'edited on disk' },
  )
  t.like(await remove(), { status: 'succeeded', message: `Done: kept in the folder ${name} in APPS_DIR: compose.yaml` })
  t.deepEqual(readdirSync(directory), ['compose.yaml'])
})

const spoil: Record<string, (directory: string) => void> = {
  'was broken by hand': (directory) => writeFileSync(join(directory, 'compose.yaml'), 'services: ]\n'),
  'uses an undefined network': (directory) => writeFileSync(join(directory, 'compose.yaml'), web('    networks: [gone]\n')),
  'needs a missing env_file': (directory) => writeFileSync(join(directory, 'compose.yaml'), web('    env_file: gone.env\n')),
  'has a version that this Compose does not know': (directory) =>
    writeFileSync(join(directory, 'compose.yaml'), `version: '99'\n${web('    imagine: true\n')}`),
  'is missing': (directory) => rmSync(join(directory, 'compose.yaml')),
  'is missing with its folder': (directory) => rmSync(directory, { recursive: true }),
}

for (const [what, change] of Object.entries(spoil)) {
  test(`stops and removes an app whose Compose file ${what}`, async (t) => {
    const { apps, outcome, id, name, remove, directory } = await runningApp(t)
    change(directory)
    const stopped = await outcome(await apps.stopApp(id))
    t.is(stopped.status, 'succeeded', stopped.error ?? '')
    t.like(apps.get(id), { status: 'stopped', statusReason: null })
    t.like(await docker.getContainer(apps.get(id).containers[0]?.id ?? '').inspect(), { State: { Status: 'exited', ExitCode: 0 } })
    const removed = await remove()
    t.is(removed.status, 'succeeded', removed.error ?? '')
    t.deepEqual([await containersOf(name), await networksOf(name), apps.list()], [[], [], []])
  })
}

test("keeps another project's running container and the app's network it uses, and removes the rest", async (t) => {
  const { name, remove, apps } = await runningApp(t)
  const proxy = await createContainer(t, { HostConfig: { NetworkMode: `${name}_default` } })
  await proxy.start()
  const proxyName = (await proxy.inspect()).Name.slice(1)
  t.like(await remove(), {
    status: 'succeeded',
    message: `Done: network ${name}_default was kept because it is in use by container ${proxyName}`,
  })
  const { State, NetworkSettings } = await proxy.inspect()
  t.true(State.Running)
  t.deepEqual(Object.keys(NetworkSettings.Networks), [`${name}_default`])
  t.deepEqual([await containersOf(name), await networksOf(name), apps.list()], [[], [`${name}_default`], []])
})

test('a volume in use blocks its removal and is named on the app, which can be removed once the volume is free', async (t) => {
  const { name, id, remove, apps, directory } = await runningApp(t, withData)
  const backup = await createContainer(t, { HostConfig: { Binds: [`${name}_named:/backup`] } })
  const backupName = (await backup.inspect()).Name.slice(1)
  const why = `volume ${name}_named could not be removed: it is in use by container ${backupName}`
  t.like(await remove({ volumes: true }), { status: 'failed', error: why })
  t.like(apps.get(id), { status: 'error', statusReason: `Removing it failed: ${why}`, containers: [] })
  t.deepEqual([await containersOf(name), await networksOf(name)], [[], []], 'the rest is gone')

  await backup.remove({ force: true })
  t.is((await remove({ volumes: true })).status, 'succeeded')
  t.deepEqual(await volumesOf(name), [])
  t.deepEqual(readdirSync(directory), ['data'])
})

test('leaves a project with the same name in another folder alone', async (t) => {
  const { name, remove, apps } = await runningApp(t, withData)
  const Labels = {
    'com.docker.compose.project': name,
    'com.docker.compose.service': 'web',
    'com.docker.compose.project.working_dir': '/elsewhere',
  }
  const other = await createContainer(t, { Labels, HostConfig: { NetworkMode: `${name}_default` } })
  await other.start()
  t.is((await remove()).status, 'succeeded')
  t.deepEqual(
    (await containersOf(name)).map(({ Id, State }) => [Id, State]),
    [[other.id, 'running']],
  )
  t.deepEqual([await networksOf(name), apps.list()], [[`${name}_default`], []])
})

test('also removes paused and restarting containers, and those of services no longer in the file', async (t) => {
  const { name, remove, apps, id, directory } = await runningApp(t, `${web()}  more:\n    image: ${testImage}\n`)
  const Labels = {
    'com.docker.compose.project': name,
    'com.docker.compose.service': 'former',
    'com.docker.compose.project.working_dir': directory,
  }
  const former = await createContainer(t, { Labels, Cmd: ['false'], HostConfig: { RestartPolicy: { Name: 'always' } } })
  await former.start()
  const more = apps.get(id).containers.find(({ service }) => service === 'more')
  await docker.getContainer(more?.id ?? '').pause()
  t.is((await remove()).status, 'succeeded')
  t.deepEqual([await containersOf(name), await networksOf(name)], [[], []])
})

test('stops each container with its own signal and grace period, dependents first', async (t) => {
  const { apps, outcome, id, name, directory } = await runningApp(t)
  const made = async (service: string, dependsOn: string, options: Docker.ContainerCreateOptions): Promise<Docker.Container> => {
    const labels = { project: name, service, 'project.working_dir': directory, depends_on: dependsOn }
    const Labels = Object.fromEntries(Object.entries(labels).map(([key, value]) => [`com.docker.compose.${key}`, value]))
    const container = await createContainer(t, { Labels, ...options })
    await container.start()
    return container
  }
  const onSignal = (signal: string, code: number) => ['sh', '-c', `trap 'exit ${code}' ${signal}; while :; do sleep 0.1; done`]
  const [db, api, stubborn] = await Promise.all([
    made('db', '', { Cmd: onSignal('USR1', 21), StopSignal: 'SIGUSR1' }),
    made('api', 'db:service_healthy:false,web:service_started:true', { Cmd: onSignal('TERM', 22) }),
    made('stubborn', 'api:service_started:false', { Cmd: onSignal('USR2', 23), StopTimeout: 1 }),
  ])
  t.is((await outcome(await apps.stopApp(id))).status, 'succeeded')
  const ended = await Promise.all([stubborn, api, db].map((container) => container.inspect()))
  t.deepEqual(
    ended.map(({ State }) => State.ExitCode),
    [137, 22, 21],
    'killed after its grace period of 1 s; ended by TERM; ended by its own signal',
  )
  const times = ended.map(({ State }) => State.FinishedAt)
  t.deepEqual(times, times.toSorted())
})

test('a removal cancelled halfway shows on the app and can be finished by a second one', async (t) => {
  const { apps, operations, id, name, ended, outcome, remove, watch } = await runningApp(
    t,
    `${web()}  stubborn:\n    image: ${testImage}\n    command: [sleep, '600']\n    stop_grace_period: 10m\n`,
  )
  const removal = await apps.removeApp(id)
  await ended.first(({ id: each, output }) => each === removal.operation.id && output.some((line) => line.includes('stopped')))
  await operations.cancel(removal.operation.id)
  t.is((await outcome(removal)).status, 'cancelled')
  await watch.refresh()
  t.like(apps.get(id), { desiredState: 'stopped' })
  t.regex(apps.get(id).statusReason ?? '', /stubborn is running.*Removing it was cancelled/)

  const stubborn = apps.get(id).containers.find(({ service }) => service === 'stubborn')
  await docker.getContainer(stubborn?.id ?? '').kill()
  t.is((await remove()).status, 'succeeded')
  t.deepEqual([await containersOf(name), apps.list()], [[], []])
})

test('keeps the target of a linked app folder, even when files are to be removed', async (t) => {
  const { remove, directory, name, apps, id } = await runningApp(t)
  const elsewhere = join(dataFolder(t), 'elsewhere')
  renameSync(directory, elsewhere)
  mkdirSync(join(elsewhere, 'data'))
  symlinkSync(elsewhere, directory)
  const { items } = await apps.removalOf(id)
  t.like(
    items.find(({ name: path }) => path === 'data'),
    { goes: 'never', obstacle: "the app's folder is a link to another folder" },
  )
  t.like(await remove({ files: true }), { status: 'succeeded', message: `Done: kept in the folder ${name} in APPS_DIR: data` })
  t.deepEqual(readdirSync(elsewhere), ['data'])
})
