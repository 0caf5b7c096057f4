import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { ensureTestImage, testImage } from '../../helpers/docker.ts'
import { appName, containersOf, nodeOf } from '../../helpers/own-apps.ts'

test.before(async () => void (await ensureTestImage()))

const compose = `services:\n  web:\n    image: ${testImage}\n    volumes: ['./conf/site.conf:/site.conf:ro']\n    env_file: [app.env]\n  other:\n    image: ${testImage}\n`
const secret = 'tops3cret-of-this-test'

test('files, versions and rollback: what is written, made again, kept and never shown', async (t) => {
  const { apps, outcome, appsDir, folder } = await nodeOf(t)
  const name = appName(t)
  const site = { path: 'conf/site.conf', content: 'one\r\n' }
  const key = { path: 'key.pem', content: secret, secret: true }
  const env = { path: 'app.env', content: 'A=1\n' }
  const made = await apps.create({ name, composeContent: compose, files: [site, key, env], rollback: true }, 'Anna')
  const { id } = made.app
  t.is((await outcome(made)).status, 'succeeded')
  const at = (path: string): string => join(appsDir, name, path)
  t.deepEqual([readFileSync(at('conf/site.conf'), 'utf8'), readFileSync(at('key.pem'), 'utf8')], ['one\r\n', secret])
  t.is(statSync(at('key.pem')).mode & 0o777, 0o600)
  t.like(await apps.versions.list(id, { most: 10 }), { versions: [{ number: 1, author: 'Anna', outcome: 'healthy' }], total: 1 })
  const idsOf = async (): Promise<Record<string, string>> =>
    Object.fromEntries((await containersOf(name)).map(({ Id, Labels }) => [Labels['com.docker.compose.service'] ?? '', Id]))

  const before = await idsOf()
  // A secret file without content keeps its own; the other file is dropped, unless someone changed it.
  const changed = await apps.update(
    id,
    { files: [{ ...site, content: 'two' }, { path: 'key.pem', secret: true }, env], reason: 'try', rollback: true },
    'Ben',
  )
  t.is((await outcome(changed)).status, 'succeeded')
  t.deepEqual([readFileSync(at('conf/site.conf'), 'utf8'), readFileSync(at('key.pem'), 'utf8')], ['two', secret])
  const after = await idsOf()
  t.not(after['web'], before['web'], 'it mounts the file')
  t.is(after['other'], before['other'])
  t.like(await apps.versions.shown(id, 2), { author: 'Ben', reason: 'try', outcome: 'healthy' })
  t.deepEqual(
    (await apps.versions.files(id, 2)).map(({ content }) => content),
    ['two', null, 'A=1\n'],
  )

  t.is((await outcome(await apps.update(id, { files: [env], composeContent: compose.replace(/ {4}volumes.*\n/, '') }))).status, 'succeeded')
  t.deepEqual([existsSync(at('conf')), existsSync(at('key.pem'))], [false, false])
  t.is(apps.get(id).version, 3)

  const back = await apps.rollbackApp(id, { version: 1 }, 'Cleo')
  t.is(back.operation.kind, 'rollback')
  t.is((await outcome(back)).status, 'succeeded')
  t.deepEqual([readFileSync(at('conf/site.conf'), 'utf8'), readFileSync(at('key.pem'), 'utf8')], ['one\r\n', secret])
  t.like(apps.get(id), { version: 4, composeContent: compose })
  await t.throwsAsync(apps.rollbackApp(id, { version: 4 }), { code: 'CONFLICT' })
  await t.throwsAsync(apps.rollbackApp(id, { version: 99 }), { code: 'NOT_FOUND' })
  const shown = JSON.stringify([apps.get(id), await apps.versions.list(id, { most: 10 }), await apps.versions.files(id, 4), back])
  t.false(shown.includes(secret))
  t.false(readFileSync(join(folder, 'data/selfhostly.db')).includes(secret))
  t.false(existsSync(join(folder, 'data/selfhostly.db-wal')) && readFileSync(join(folder, 'data/selfhostly.db-wal')).includes(secret))

  writeFileSync(at('app.env'), 'MINE=1\n')
  t.is((await outcome(await apps.removeApp(id))).status, 'succeeded')
  t.deepEqual([existsSync(at('conf')), readFileSync(at('app.env'), 'utf8')], [false, 'MINE=1\n'], 'what someone changed is kept')
})

test('a stopped app keeps a new version for later, and a bad path or a secret without value changes nothing', async (t) => {
  const { apps, outcome } = await nodeOf(t)
  const name = appName(t)
  const plain = `services:\n  web:\n    image: ${testImage}\n`
  const made = await apps.create({ name, composeContent: plain })
  const { id } = made.app
  t.is((await outcome(made)).status, 'succeeded')
  t.is((await outcome(await apps.stopApp(id))).status, 'succeeded')
  t.is((await outcome(await apps.update(id, { profiles: ['extra'] }))).status, 'succeeded')
  t.like(await apps.versions.shown(id, 2), { outcome: 'pending', profiles: ['extra'] })
  t.like(apps.get(id), { status: 'stopped', version: 2, profiles: ['extra'] })
  for (const wrong of [
    { files: [{ path: '../x', content: '' }] },
    { files: [{ path: 'x', secret: true }] },
    { environment: [{ name: 'A', secret: true }] },
    { environment: [{ name: '1A', value: '' }] },
    { profiles: ['a b'] },
    { profiles: ['extra', 'extra'] },
  ])
    await t.throwsAsync(apps.update(id, wrong), { code: 'INVALID_INPUT' })
  t.is((await apps.versions.list(id, { most: 10 })).total, 2)
})
