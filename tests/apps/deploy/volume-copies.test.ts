import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { AppEntity } from '../../../api/apps/app.entity.ts'
import { ensureTestImage } from '../../helpers/docker.ts'
import { appName, containersOf, nodeOf, servicesOf } from '../../helpers/own-apps.ts'

test.before(async () => void (await ensureTestImage()))

/** Its health check passes while the volume says what the version expects. */
const file = (expects: string, first = ''): string =>
  `${servicesOf({
    web: `command: ["sh", "-c", "${first} exec serve"], volumes: ["data:/data"], healthcheck: { test: ["CMD", "grep", "-q", "${expects}", "/data/state"], interval: 1s, retries: 2 }`,
  })}\nvolumes: { data: }\n`
const writes = (state: string): string => `[ -e /data/state ] || echo ${state} > /data/state;`

async function healthyApp(t: ExecutionContext) {
  const node = await nodeOf(t)
  const name = appName(t)
  const created = await node.apps.create({ name, composeContent: file('old', writes('old')), rollback: true })
  const first = await node.outcome(created)
  t.is(first.status, 'succeeded', first.error ?? '')
  const { id } = created.app
  const copies = join(node.folder, 'data/volumes', id)
  const states = async () => (await containersOf(name)).map(({ State }) => State)
  return { ...node, name, id, copies, states }
}

test('copies volumes while the app is stopped, and brings them back after a migration', async (t) => {
  const app = await healthyApp(t)
  const migration = file('new', 'echo new > /data/state;')
  const updated = await app.outcome(await app.apps.update(app.id, { composeContent: migration, rollback: true, copyVolumes: true }))
  t.is(updated.status, 'succeeded', updated.error ?? '')
  t.true(updated.output.includes(`Volume ${app.name}_data copied`))
  t.true(existsSync(join(app.copies, '2/volumes.json')))
  const { versions } = await app.apps.listVersions(app.id, { most: 10 })
  t.deepEqual(
    versions.map(({ number, volumesCopied }) => [number, volumesCopied]),
    [
      [2, true],
      [1, false],
    ],
  )

  const backAlone = await app.outcome(await app.apps.rollbackApp(app.id, { version: 1, copyVolumes: true }))
  t.is(backAlone.status, 'failed', 'the earlier version does not know the migrated data')
  t.is(app.apps.get(app.id).version, 2)
  t.true(backAlone.output.includes(`Volume ${app.name}_data copied`), 'a rollback copies too when asked to')
  t.true((await app.apps.showVersion(app.id, 3)).volumesCopied)

  t.is((await app.outcome(await app.apps.stopApp(app.id))).status, 'succeeded')
  const restored = await app.outcome(await app.apps.restoreVolumes(app.id, 2))
  t.is(restored.status, 'succeeded', restored.error ?? '')
  t.true(restored.output.includes(`Volume ${app.name}_data restored`))
  t.is((await app.outcome(await app.apps.rollbackApp(app.id, { version: 1 }))).status, 'succeeded')
  const started = await app.outcome(await app.apps.startApp(app.id, { rollback: true }))
  t.is(started.status, 'succeeded', started.error ?? '')
})

test('a copy that cannot be made changes nothing, and what ran runs again', async (t) => {
  const app = await healthyApp(t)
  const { id } = app
  // A file where the folder of copies should be.
  await mkdir(join(app.folder, 'data/volumes'), { recursive: true })
  await writeFile(app.copies, '')
  const operation = await app.outcome(await app.apps.update(id, { composeContent: file('new'), rollback: true, copyVolumes: true }))
  t.is(operation.status, 'failed')
  t.deepEqual(await app.states(), ['running'])
  t.is(app.apps.get(id).version, 1)
  t.is((await app.database.em.fork().findOneOrFail(AppEntity, { id })).restartOwed ?? null, null)
})

test('starts what a copy had stopped when the program was killed', async (t) => {
  const app = await healthyApp(t)
  const { id, folder, database } = app
  t.is((await app.outcome(await app.apps.stopApp(id))).status, 'succeeded')
  await app.stop()
  const [{ Id = '' } = {}] = await containersOf(app.name)
  await database.em.fork().nativeUpdate(AppEntity, { id }, { desiredState: 'running', restartOwed: [Id] })
  await database.close(true)
  const again = await nodeOf(t, { folder })
  await again.seen.first(({ containers }) => containers.some(({ state }) => state === 'running'), { withinMs: 30_000 })
  t.deepEqual(await app.states(), ['running'])
})

test('says which copies there are when one is asked for that is not kept', async (t) => {
  const app = await healthyApp(t)
  await t.throwsAsync(app.apps.restoreVolumes(app.id, 7), {
    code: 'CONFLICT',
    message: /No copy of the volumes from before version 7 is kept\. There is none/,
  })
})
