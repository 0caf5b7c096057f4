import { randomBytes } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import Docker from 'dockerode'
import { systemClock } from '../../api/clock.ts'
import { createEngine } from '../../api/docker/engine.ts'
import { createEngineThings } from '../../api/docker/engine-things.ts'
import type { AppsHere, HereApp } from '../../api/engine/apps-here.ts'
import { createEngineRoom } from '../../api/engine/engine.ts'
import type { ThingKind } from '../../api/engine/thing.ts'
import { ensureTestImage, testImage } from '../helpers/docker-image.ts'
import { recordedLog } from '../helpers/recorded-log.ts'
import { until } from '../helpers/until.ts'

const docker = new Docker()

/** A node's Engine room on the real Engine, with apps that are only told of. */
async function room(t: ExecutionContext, given: { apps?: HereApp[]; busy?: string; self?: string } = {}) {
  await ensureTestImage(docker)
  const { log } = recordedLog()
  const apps: AppsHere = {
    appOf: ({ project }) => given.apps?.find(({ name }) => name === project) ?? null,
    list: () => given.apps ?? [],
    busyWith: () => given.busy ?? null,
    maskOf: () => (text) => text.replaceAll('hunter2', '••••'),
    heldFor: (tag) => (tag.startsWith('selfhostly.local/') ? tag.slice('selfhostly.local/'.length) : null),
  }
  const engine = createEngineRoom({
    ...{ things: createEngineThings({ clock: systemClock, log }), apps, clock: systemClock, log },
    operations: { enqueue: () => Promise.reject(new Error('no operation was expected')) },
    loginsFor: async () => [],
    ownContainer: async () => given.self ?? null,
  })
  t.teardown(engine.stop)
  const gone: string[] = []
  engine.events.on('thingGone', ({ kind, id }) => gone.push(`${kind} ${id}`))
  await engine.start()
  const seen = (kind: ThingKind, id: string) => until(() => engine.list(kind).some((each) => each.id === id))
  return { engine, gone, seen }
}

const unique = (): string => `selfhostly-things-${randomBytes(4).toString('hex')}`

async function container(t: ExecutionContext, options: Partial<Docker.ContainerCreateOptions> = {}): Promise<Docker.Container> {
  await ensureTestImage(docker)
  const made = await docker.createContainer({ Image: testImage, name: unique(), NetworkDisabled: true, ...options })
  t.teardown(() => made.remove({ force: true, v: true }).catch(() => undefined))
  return made
}

const idle = { Cmd: ['sh', '-c', 'trap "exit 0" TERM; while true; do sleep 1 & wait $!; done'] }

test('a container of no app: listed while it is stopped, started, looked into, killed with the reason, and removed', async (t) => {
  const { engine, gone, seen } = await room(t)
  const made = await container(t, {
    ...idle,
    Env: ['PASSWORD=hunter2', 'MODE=plain'],
    Labels: { 'traefik.basicauth.users': 'ada:hash', note: 'says hunter2' },
    Healthcheck: { Test: ['CMD', 'echo', 'all is well'], Interval: 1e9 },
  })
  const find = () => engine.list('container').find(({ id }) => id === made.id)
  await seen('container', made.id)
  t.like(find(), { state: 'created', appId: null, exitReason: null, isSelf: false })

  t.is((await engine.act(made.id.slice(0, 12), 'start', 'ada')).state, 'running')
  await until(() => find()?.health === 'healthy')
  const details = await engine.details(made.id)
  t.true(details.environment.includes('PASSWORD') && details.environment.includes('MODE'))
  t.regex(details.health?.lastOutput ?? '', /all is well/)
  t.deepEqual(
    details.labels.find(({ name }) => name.startsWith('traefik')),
    { name: 'traefik.basicauth.users', value: '••••' },
  )
  const { json } = await engine.inspection(made.id)
  await t.throwsAsync(engine.inspection('../images'), { code: 'NOT_FOUND' }, 'a name that is a path')
  t.notRegex(json, /hunter2|MODE=plain|ada:hash/)
  t.regex(json, /PASSWORD=••••/)
  const { titles, rows } = await engine.processes(made.id)
  t.true(titles.includes('PID') && rows.some((row) => row.join(' ').includes('sleep')))

  t.is((await engine.act(made.id, 'pause', 'ada')).state, 'paused')
  t.is((await engine.act(made.id, 'unpause', 'ada')).state, 'running')
  await engine.act(made.id, 'kill', 'ada')
  await until(() => find()?.exitReason !== null)
  t.is(find()?.exitReason, 'Killed by hand by ada (137, SIGKILL)')
  await t.throwsAsync(engine.processes(made.id), { message: /no processes/ })
  await engine.act(made.id, 'remove', 'ada')
  await until(() => gone.includes(`container ${made.id}`))
  await t.throwsAsync(engine.act(made.id, 'start', 'ada'), { message: /no container/ })
})

test('a container keeps the name of its image when that names another one', async (t) => {
  const image = `${unique()}:1`
  await ensureTestImage(docker)
  await docker.getImage(testImage).tag({ repo: image.slice(0, -2), tag: '1' })
  const made = await container(t, { Image: image })
  await docker.getImage(image).remove()
  const [listed] = await docker.listContainers({ all: true, filters: { id: [made.id] } })
  t.regex(listed?.Image ?? '', /^sha256:/, 'what the Engine lists')
  const { engine, seen } = await room(t)
  await seen('container', made.id)
  t.is(engine.list('container').find(({ id }) => id === made.id)?.image, image)
  const { log } = recordedLog()
  t.is((await createEngine({ clock: systemClock, log }).details(made.id))?.image, image)
})

test("nothing is done to Selfhostly's own container, nor beside an operation of the container's app", async (t) => {
  const name = unique()
  const own = await container(t)
  const ofApp = await container(t, { Labels: { 'com.docker.compose.project': name } })
  const apps = [{ id: '00000000-0000-4000-8000-0000000000aa', name, composeContent: '' }]
  const { engine, seen } = await room(t, { apps, busy: 'update', self: own.id.slice(0, 12) })
  await seen('container', ofApp.id)
  const refused = await t.throwsAsync(engine.act(own.id, 'stop', 'ada'))
  t.like(refused, { code: 'FORBIDDEN' })
  const busy = await t.throwsAsync(engine.act(ofApp.id, 'start', 'ada'), {
    message: new RegExp(`belongs to ${name}, on which an operation`),
  })
  t.like(busy, { code: 'CONFLICT' })
})

test('a prune says exactly what goes, takes only that, and never what an app needs or what is held', async (t) => {
  const [plain, ofApp, named, late] = [unique(), unique(), unique(), unique()]
  const project = unique()
  const apps = [
    { id: '00000000-0000-4000-8000-0000000000ab', name: project, composeContent: `volumes:\n  ${named}:\n    external: true\n` },
  ]
  const { engine } = await room(t, { apps })
  const make = async (Name: string, Labels = {}) => {
    await docker.createVolume({ Name, Labels })
    t.teardown(() =>
      docker
        .getVolume(Name)
        .remove()
        .catch(() => undefined),
    )
  }
  await make(plain)
  await make(ofApp, { 'com.docker.compose.project': project })
  await make(named)
  const preview = await engine.prune({ kind: 'volumes', preview: true })
  const names = preview.items.map(({ name }) => name)
  t.true(preview.isPreview && names.includes(plain) && !names.includes(ofApp) && !names.includes(named))
  t.regex(preview.kept.find(({ name }) => name === ofApp)?.reason ?? '', /belongs to the app/)
  t.regex(preview.kept.find(({ name }) => name === named)?.reason ?? '', /names it/)

  // One more is unused now, and one that was chosen is in use: only what was said goes.
  await make(late)
  const user = await container(t, { HostConfig: { Binds: [`${plain}:/data`] } })
  const inUse = await engine.prune({ kind: 'volumes', preview: false, items: [plain, ofApp] })
  t.deepEqual(inUse.items, [])
  t.deepEqual(inUse.kept.map(({ name }) => name).toSorted(), [ofApp, plain].toSorted())
  await t.throwsAsync(engine.removeVolume(plain), { message: /is used by selfhostly-things-/ })
  await user.remove({ force: true })
  const done = await engine.prune({ kind: 'volumes', preview: false, items: [plain, ofApp] })
  t.deepEqual(
    done.items.map(({ name }) => name),
    [plain],
  )
  t.deepEqual(
    (await docker.listVolumes()).Volumes.map(({ Name }) => Name)
      .filter((name) => [plain, ofApp, named, late].includes(name))
      .toSorted(),
    [ofApp, named, late].toSorted(),
  )
  t.is(await engine.removeVolume(late), late)

  const held = unique()
  const source = docker.getImage(testImage)
  const { Id } = await source.inspect()
  await source.tag({ repo: `selfhostly.local/${held}/web`, tag: 'v1' })
  t.teardown(() =>
    docker
      .getImage(`selfhostly.local/${held}/web:v1`)
      .remove()
      .catch(() => undefined),
  )
  await until(() => engine.list('image').some(({ heldFor }) => heldFor.some((each) => each.startsWith(held))))
  await t.throwsAsync(engine.removeImage(Id), { message: /held for going back/ })
  const images = await engine.prune({ kind: 'images', preview: true })
  t.false(images.items.some(({ id }) => id === Id))
})

test('a prune of images frees what it said: layers that they share once, and those of images that stay not at all', async (t) => {
  const { engine, seen } = await room(t)
  const made = async (from: string, file: string, kilobytes: number): Promise<string> => {
    const writer = await container(t, { Image: from, Cmd: ['dd', 'if=/dev/zero', `of=/tmp/${file}`, 'bs=1024', `count=${kilobytes}`] })
    await writer.start()
    await writer.wait()
    const { Id: id }: { Id: string } = await writer.commit({ repo: unique(), tag: '1' })
    t.teardown(() =>
      docker
        .getImage(id)
        .remove({ force: true })
        .catch(() => undefined),
    )
    await writer.remove()
    await seen('image', id)
    return id
  }
  const shared = await made(testImage, 'shared', 300)
  const [one, two] = [await made(shared, 'one', 20), await made(shared, 'two', 10)]
  const partly = await engine.prune({ kind: 'images', preview: true, items: [one, two] })
  t.is(partly.freedBytes, 30 * 1024)
  const preview = await engine.prune({ kind: 'images', preview: true, items: [shared, one, two] })
  t.is(preview.freedBytes, 330 * 1024)
  t.is(preview.unmeasured, 0)
  t.deepEqual(
    new Map(preview.items.map(({ id, freesBytes }) => [id, freesBytes])),
    new Map([
      [shared, 0],
      [one, 20 * 1024],
      [two, 10 * 1024],
    ]),
  )
  t.true(preview.items.every(({ sizeBytes }) => (sizeBytes ?? 0) > 300 * 1024))
  const done = await engine.prune({ kind: 'images', preview: false, items: [shared, one, two] })
  t.is(done.freedBytes, 330 * 1024)
  t.is(done.items.length, 3)
})

test('a network in use is not removed, and the disk is measured once a minute', async (t) => {
  const { engine, seen } = await room(t)
  const name = unique()
  const network = await docker.createNetwork({ Name: name, Internal: true, IPAM: { Config: [{ Subnet: '10.213.77.0/29' }] } })
  t.teardown(() => network.remove().catch(() => undefined))
  await seen('network', network.id)
  t.like(
    engine.list('network').find(({ id }) => id === network.id),
    { name, isInternal: true, subnets: ['10.213.77.0/29'], isBuiltIn: false },
  )
  const user = await container(t, { ...idle, NetworkDisabled: false, HostConfig: { NetworkMode: name } })
  await t.throwsAsync(engine.removeNetwork(network.id), { message: new RegExp(`${name} is used by selfhostly-things-`) })
  await user.remove({ force: true })
  t.is(await engine.removeNetwork(network.id), network.id)
  const bridge = engine.list('network').find((each) => each.name === 'bridge')
  await t.throwsAsync(engine.removeNetwork(bridge?.id ?? ''), { message: /Docker's own/ })
  const first = await engine.diskUsage()
  t.is(await engine.diskUsage(), first)
})

test('what ended a container is said as it was, with how often it was started again', async (t) => {
  const { engine } = await room(t)
  const missing = await container(t, { Cmd: ['no-such-program'] })
  const options = { HostConfig: { Init: true } }
  const notFound = await container(t, { Cmd: ['sh', '-c', 'exec nothing'], ...options })
  const crashed = await container(t, { Cmd: ['sh', '-c', 'kill -11 $$'], ...options })
  const loop = await container(t, {
    Cmd: ['sh', '-c', 'exit 3'],
    HostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } },
  })
  const stopped = await container(t, idle)
  const hungry = await container(t, {
    Cmd: ['sh', '-c', 'x=aaaaaaaaaaaaaaaa; while true; do x=$x$x; done'],
    HostConfig: { Memory: 8 * 2 ** 20, MemorySwap: 8 * 2 ** 20 },
  })
  await t.throwsAsync(engine.act(missing.id, 'start', 'ada'), { message: /no-such-program/ })
  for (const each of [notFound, crashed, loop, stopped, hungry]) await engine.act(each.id, 'start', 'ada')
  await engine.act(stopped.id, 'stop', 'ada')
  const find = ({ id }: Docker.Container) => engine.list('container').find((each) => each.id === id)
  await until(() => [missing, notFound, crashed, stopped, hungry].every((each) => (find(each)?.exitReason ?? null) !== null))
  await until(() => find(loop)?.restartCount === 2 && find(loop)?.state === 'exited')
  t.regex(find(missing)?.exitReason ?? '', /^Docker could not start it: .*no-such-program/)
  t.is(find(notFound)?.exitReason, 'Its command does not exist in the image (127)')
  t.is(find(crashed)?.exitReason, 'Crashed: it accessed memory that is not its own (139, SIGSEGV)')
  t.is(find(hungry)?.exitReason, 'Killed because it ran out of memory: it used up its limit of 8 MiB (137, SIGKILL)')
  t.is(find(loop)?.exitReason, 'Ended with an error (3). Its last log lines say more')
  t.is(find(stopped)?.exitReason, 'Stopped by ada, and ended without an error')
  t.true((find(stopped)?.finishedAt?.getTime() ?? 0) > (find(stopped)?.startedAt?.getTime() ?? Infinity) - 1)
})
