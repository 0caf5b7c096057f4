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

/** An app that runs, with its folder. */
async function runningApp(t: ExecutionContext, composeContent = web()) {
  const node = await nodeOf(t)
  const name = appName(t)
  const created = await node.apps.create({ name, composeContent })
  const made = await node.outcome(created)
  t.is(made.status, 'succeeded', made.error ?? '')
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

/** The volume without a name that a container has. */
async function unnamedVolume(t: ExecutionContext, name: string): Promise<string> {
  const [container] = await containersOf(name)
  const volume = container?.Mounts.find(({ Destination }) => Destination === '/unnamed')?.Name ?? ''
  t.regex(volume, /^[0-9a-f]{64}$/)
  t.teardown(() =>
    docker
      .getVolume(volume)
      .remove()
      .catch(() => undefined),
  )
  return volume
}

test('an app goes without its data: what others wrote into its folder, and its volumes, stay', async (t) => {
  const { name, remove, directory, apps, database } = await runningApp(t, withData)
  writeFileSync(join(directory, 'data/photo.jpg'), 'the only copy')
  writeFileSync(join(directory, '.env'), 'PASSWORD=secret')
  const unnamed = await unnamedVolume(t, name)

  const ended = await remove()
  t.is(ended.status, 'succeeded', ended.error ?? '')
  t.is(ended.message, `Done: left in the folder ${name} of APPS_DIR: .env, data`)
  t.deepEqual(readdirSync(directory).sort(), ['.env', 'data'], 'and what this program wrote is gone')
  t.deepEqual(readdirSync(join(directory, 'data')), ['photo.jpg'])
  t.deepEqual(await volumesOf(name), [`${name}_named`])
  t.true(await isThere(unnamed))
  t.deepEqual([await containersOf(name), await networksOf(name), apps.list()], [[], [], []])
  t.is(await database.em.fork().count(AppEntity), 0)
})

test('volumes and files go when they are asked for', async (t) => {
  const { name, remove, directory } = await runningApp(t, withData)
  writeFileSync(join(directory, 'data/photo.jpg'), 'the only copy')
  const unnamed = await unnamedVolume(t, name)
  t.like(await remove({ volumes: true, files: true }), { status: 'succeeded', message: 'Done' })
  t.false(existsSync(directory))
  t.deepEqual(await volumesOf(name), [])
  t.false(await isThere(unnamed))
})

test('what goes and what stays is said before, with sizes, and is what happens', async (t) => {
  const elsewhere = dataFolder(t)
  const external = await docker.createVolume({ Name: uniqueName() })
  t.teardown(() => external.remove())
  const { name, id, apps, remove, directory } = await runningApp(
    t,
    web(`    volumes: ['./data:/data', 'named:/named', '/unnamed', 'others:/others', '${elsewhere}:/elsewhere']
`) + `volumes:\n  named: {}\n  others: { external: true, name: ${external.name} }\n`,
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
      ['network', `${name}_default`, null, 'never', `${user} is attached to it`],
      ['volume', `${name}_named`, '/named in service web', 'with_volumes', `${user} uses it`],
      ['volume', unnamed, 'no name, /unnamed in service web', 'with_volumes', null],
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

test('more than a dialog can list is counted', async (t) => {
  const { id, apps, directory } = await runningApp(t)
  for (let index = 0; index < 150; index++) writeFileSync(join(directory, `photo-${index}.jpg`), '')
  const { items, omitted } = await apps.removalOf(id)
  t.is(items.filter(({ kind }) => kind === 'file').length, 100)
  t.is(omitted, 51, 'the Compose file among them')
})

test('a Compose file that was edited in the folder is the work of whoever did it, and stays', async (t) => {
  const { remove, directory, name, apps, id } = await runningApp(t)
  writeFileSync(join(directory, 'compose.yaml'), web('    labels: { edited: by-hand }\n'))
  const { items } = await apps.removalOf(id)
  t.like(
    items.find(({ name: path }) => path === 'compose.yaml'),
    { goes: 'with_files', detail: 'edited in the folder' },
  )
  t.like(await remove(), { status: 'succeeded', message: `Done: left in the folder ${name} of APPS_DIR: compose.yaml` })
  t.deepEqual(readdirSync(directory), ['compose.yaml'])
})

const spoil: Record<string, (directory: string) => void> = {
  'was broken by hand': (directory) => writeFileSync(join(directory, 'compose.yaml'), 'services: ]\n'),
  'names a network that is not defined': (directory) => writeFileSync(join(directory, 'compose.yaml'), web('    networks: [gone]\n')),
  'needs an env_file that is missing': (directory) => writeFileSync(join(directory, 'compose.yaml'), web('    env_file: gone.env\n')),
  'is of a version that this Compose does not know': (directory) =>
    writeFileSync(join(directory, 'compose.yaml'), `version: '99'\n${web('    imagine: true\n')}`),
  'is gone': (directory) => rmSync(join(directory, 'compose.yaml')),
  'is gone with its folder': (directory) => rmSync(directory, { recursive: true }),
}

for (const [what, change] of Object.entries(spoil)) {
  test(`an app whose Compose file ${what} is stopped and removed all the same`, async (t) => {
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

test('a container of somebody else on the network of an app goes on, and the network with it; all the rest goes', async (t) => {
  const { name, remove, apps } = await runningApp(t)
  const proxy = await createContainer(t, { HostConfig: { NetworkMode: `${name}_default` } })
  await proxy.start()
  const proxyName = (await proxy.inspect()).Name.slice(1)
  t.like(await remove(), {
    status: 'succeeded',
    message: `Done: network ${name}_default stays, because container ${proxyName} is attached to it`,
  })
  const { State, NetworkSettings } = await proxy.inspect()
  t.true(State.Running)
  t.deepEqual(Object.keys(NetworkSettings.Networks), [`${name}_default`])
  t.deepEqual([await containersOf(name), await networksOf(name), apps.list()], [[], [`${name}_default`], []])
})

test('a volume that somebody else uses stands in the way of its removal: the app says so, and goes when it is free', async (t) => {
  const { name, id, remove, apps, directory } = await runningApp(t, withData)
  const backup = await createContainer(t, { HostConfig: { Binds: [`${name}_named:/backup`] } })
  const backupName = (await backup.inspect()).Name.slice(1)
  const why = `volume ${name}_named could not be removed: container ${backupName} uses it`
  t.like(await remove({ volumes: true }), { status: 'failed', error: why })
  t.like(apps.get(id), { status: 'error', statusReason: `remove failed: ${why}`, containers: [] })
  t.deepEqual([await containersOf(name), await networksOf(name)], [[], []], 'the rest is gone')

  await backup.remove({ force: true })
  t.is((await remove({ volumes: true })).status, 'succeeded')
  t.deepEqual(await volumesOf(name), [])
  t.deepEqual(readdirSync(directory), ['data'])
})

test('another project of the same name in another folder keeps what it has', async (t) => {
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

test('containers of services that the file lost, paused and restarting ones go too', async (t) => {
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

test('each container gets its own signal and its own time; those that others need end last', async (t) => {
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
    'killed after its second of grace; ended by TERM; ended by a signal of its own',
  )
  const times = ended.map(({ State }) => State.FinishedAt)
  t.deepEqual(times, times.toSorted())
})

test('a removal that is cancelled half-way says so on the app, and is finished by doing it again', async (t) => {
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
  t.regex(apps.get(id).statusReason ?? '', /stubborn is running.*remove cancelled/)

  const stubborn = apps.get(id).containers.find(({ service }) => service === 'stubborn')
  await docker.getContainer(stubborn?.id ?? '').kill()
  t.is((await remove()).status, 'succeeded')
  t.deepEqual([await containersOf(name), apps.list()], [[], []])
})

test('a folder that is a link keeps what it leads to, also when the files are to go', async (t) => {
  const { remove, directory, name, apps, id } = await runningApp(t)
  const elsewhere = join(dataFolder(t), 'elsewhere')
  renameSync(directory, elsewhere)
  mkdirSync(join(elsewhere, 'data'))
  symlinkSync(elsewhere, directory)
  const { items } = await apps.removalOf(id)
  t.like(
    items.find(({ name: path }) => path === 'data'),
    { goes: 'never', obstacle: "the app's folder is a link to another place" },
  )
  t.like(await remove({ files: true }), { status: 'succeeded', message: `Done: left in the folder ${name} of APPS_DIR: data` })
  t.deepEqual(readdirSync(elsewhere), ['data'])
})
