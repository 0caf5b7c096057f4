import { execFileSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import Database from 'better-sqlite3'
import { pino } from 'pino'
import { createBackups } from '../../api/backup/backups.ts'
import { makeBackup, type BackupSource } from '../../api/backup/make-backup.ts'
import { restoreBackup, type RestoreTarget } from '../../api/backup/restore.ts'
import { refuseHalfRestored, stagingIn, verifiedIn } from '../../api/backup/staging.ts'
import { dataFolder } from '../helpers/data-folder.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { tar } from '../helpers/tar.ts'

type Test = ExecutionContext<unknown>

const now = new Date('2026-03-01T12:00:00Z')

const placesIn = (folder: string): RestoreTarget => ({
  dataDir: join(folder, 'data'),
  databasePath: join(folder, 'data', 'selfhostly.db'),
  appsDir: join(folder, 'apps'),
})

/** A node's folders with a real database, an app with every kind of file, and one app that is elsewhere. */
function node(t: Test): BackupSource {
  const places = placesIn(dataFolder(t))
  mkdirSync(places.dataDir, { mode: 0o700 })
  const database = new Database(places.databasePath)
  database.pragma('journal_mode = wal')
  database.exec(`create table apps (name text, place text); create table notes (text text)`)
  database.prepare('insert into apps values (?, ?), (?, null)').run('elsewhere', JSON.stringify({ directory: '/srv/elsewhere' }), 'shop')
  database.prepare('insert into notes values (?)').run('kept')
  t.teardown(() => database.close())
  writeFileSync(join(places.dataDir, 'secret.key'), 'the key\n', { mode: 0o600 })
  writeFileSync(`${places.databasePath}.before-20260101-x`, 'old')
  const shop = join(places.appsDir, 'shop')
  mkdirSync(join(shop, 'conf', 'empty'), { recursive: true })
  writeFileSync(join(shop, 'compose.yaml'), '\ufeffservices: {}\r\n# 🐳')
  writeFileSync(join(shop, 'conf', 'start.sh'), '#!/bin/sh\n', { mode: 0o750 })
  writeFileSync(join(shop, 'conf', 'large'), Buffer.alloc(300_001, 7), { mode: 0o600 })
  writeFileSync(join(shop, 'conf', 'nothing'), '')
  symlinkSync('../outside', join(shop, 'link'))
  execFileSync('mkfifo', [join(shop, 'pipe')])
  return {
    ...places,
    node: { id: '3f2b8c1e-6a57-4d0f-9c55-0d8f1c2b7a90', name: 'my node', role: 'primary' },
    needs: ['SECRET_KEY'],
    version: '1.2.3',
  }
}

async function backupOf(t: Test, source = node(t)) {
  const path = join(dataFolder(t), 'there', 'backup.tar.gz')
  return { source, path, manifest: await makeBackup(source, { path, now }) }
}

/** The same file with other contents. */
function changed(path: string, change: (tarball: Buffer) => Buffer): string {
  writeFileSync(`${path}.changed`, gzipSync(change(gunzipSync(readFileSync(path)))))
  return `${path}.changed`
}

const everything = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()

test('a backup of a database in use is restored elsewhere, with every file as it was', async (t) => {
  const { source, path, manifest } = await backupOf(t)
  t.is(lstatSync(path).mode & 0o777, 0o600)
  t.deepEqual(readdirSync(dirname(path)), ['backup.tar.gz'], 'nothing else is left')
  t.deepEqual(
    manifest.parts.map(({ name, files }) => [name, files]),
    [
      ['node', 2],
      ['apps/shop', 4],
    ],
  )
  t.deepEqual(
    manifest.leftOut.map(({ path: left }) => left),
    [join(source.appsDir, 'shop', 'pipe'), '/srv/elsewhere'],
  )

  const target = placesIn(dataFolder(t))
  mkdirSync(join(target.dataDir, 'backups'), { recursive: true })
  const restored = await restoreBackup(path, target)
  t.deepEqual({ ...restored.manifest, madeAt: now }, { ...manifest, madeAt: now })
  t.deepEqual(everything(target.dataDir), ['backups', 'secret.key', 'selfhostly.db'])
  const database = new Database(target.databasePath, { readonly: true })
  t.deepEqual(database.prepare('select text from notes').all(), [{ text: 'kept' }])
  database.close()
  t.is(lstatSync(join(target.dataDir, 'secret.key')).mode & 0o777, 0o600)
  const [from, to] = [join(source.appsDir, 'shop'), join(target.appsDir, 'shop')]
  t.deepEqual(
    everything(to),
    everything(from).filter((name) => name !== 'pipe'),
  )
  t.is(readlinkSync(join(to, 'link')), '../outside')
  for (const name of ['compose.yaml', 'conf/start.sh', 'conf/large', 'conf/nothing']) {
    t.deepEqual(readFileSync(join(to, name)), readFileSync(join(from, name)), name)
    const [is, was] = [lstatSync(join(to, name)), lstatSync(join(from, name))]
    t.deepEqual([is.mode, is.uid, Math.floor(is.mtimeMs / 1000)], [was.mode, was.uid, Math.floor(was.mtimeMs / 1000)], name)
  }
  t.deepEqual(readdirSync(target.appsDir), ['shop'])
})

test('a file that is cut, changed, foreign or from a newer version is refused, and nothing is restored', async (t) => {
  const { path } = await backupOf(t)
  const bytes = readFileSync(path)
  const named = (name: string, content: Buffer | string): string => {
    writeFileSync(join(dirname(path), name), content)
    return join(dirname(path), name)
  }
  const shop = Buffer.from('🐳')
  const cases: [string, RegExp][] = [
    [named('cut', bytes.subarray(0, bytes.length - 200)), /is not complete: it ends in the middle/],
    [named('no-end', gzipSync(tar([{ path: 'node/database', content: 'x' }]))), /is not complete: its end is missing/],
    [
      changed(path, (tarball) => Buffer.from(tarball.fill('!', tarball.indexOf(shop), tarball.indexOf(shop) + shop.length))),
      /apps\/shop differs from its checksum/,
    ],
    [named('text', 'not a backup'), /is damaged or not a backup/],
    [named('foreign', gzipSync(tar([{ path: 'etc/passwd', content: 'x' }]))), /is not a backup of Selfhostly: it has "etc\/passwd"/],
    [named('upwards', gzipSync(tar([{ path: 'apps/../../up', content: 'x' }]))), /is not a backup of Selfhostly/],
    [named('newer', gzipSync(tar([{ path: 'manifest.json', content: '{"format":2}' }]))), /made by a newer version/],
    [join(dirname(path), 'missing'), /There is no file/],
  ]
  for (const [file, message] of cases) {
    const target = placesIn(dataFolder(t))
    await t.throwsAsync(restoreBackup(file, target), { message }, file)
    t.deepEqual([everything(target.dataDir), everything(target.appsDir)], [[], []], file)
  }
})

test('a file in an archive is never written through a link', async (t) => {
  const outside = dataFolder(t)
  const file = join(dataFolder(t), 'links.tar.gz')
  const entries = [
    { path: 'apps/shop/out', linkTo: outside },
    { path: 'apps/shop/out/planted', content: 'x' },
  ]
  writeFileSync(file, gzipSync(tar(entries)))
  await t.throwsAsync(restoreBackup(file, placesIn(dataFolder(t))))
  t.deepEqual(everything(outside), [])
})

test('a data folder or app that is there already stays as it is', async (t) => {
  const { source, path } = await backupOf(t)
  await t.throwsAsync(restoreBackup(path, source), { message: /is not empty: it has secret\.key, selfhostly\.db/ })
  const target = { ...placesIn(dataFolder(t)), appsDir: source.appsDir }
  await t.throwsAsync(restoreBackup(path, target), { message: /has folders of the same names already: shop/ })
  t.deepEqual(everything(target.dataDir), [])
  t.false(existsSync(stagingIn(source.appsDir)))
})

test('a restore that was interrupted keeps the node from starting, and goes on when it is called again', async (t) => {
  const { path } = await backupOf(t)
  const target = placesIn(dataFolder(t))
  // A folder in the place of the key, which can only come there between the look and the move.
  mkdirSync(join(stagingIn(target.appsDir), 'shop'), { recursive: true })
  mkdirSync(join(target.dataDir, 'secret.key', 'in the way'), { recursive: true })
  mkdirSync(stagingIn(target.dataDir))
  const whole = placesIn(dataFolder(t))
  await restoreBackup(path, whole)
  execFileSync('cp', ['-a', `${whole.dataDir}/.`, stagingIn(target.dataDir)])
  execFileSync('mv', [join(stagingIn(target.dataDir), 'selfhostly.db'), join(stagingIn(target.dataDir), 'database')])
  const { manifest } = await backupOf(t)
  writeFileSync(verifiedIn(target.dataDir), JSON.stringify(manifest))
  await t.throwsAsync(restoreBackup(path, target))
  t.true(existsSync(join(target.appsDir, 'shop')), 'what was moved stays moved')
  t.throws(() => refuseHalfRestored(target.dataDir), { message: /has not ended/ })
  execFileSync('rm', ['-r', join(target.dataDir, 'secret.key')])
  t.true((await restoreBackup(path, target)).wentOn)
  t.deepEqual(everything(target.dataDir), ['secret.key', 'selfhostly.db'])
  t.notThrows(() => refuseHalfRestored(target.dataDir))
})

function backups(t: Test, options: { most?: number; everyMs?: number } = {}) {
  const { most = 2, everyMs } = options
  const clock = createManualClock(now)
  const folder = join(dataFolder(t), 'backups')
  const source = node(t)
  const make = () =>
    createBackups({
      ...{ source: () => source, folder, most, clock, log: pino({ level: 'silent' }) },
      next: (after) => (everyMs ? new Date(after.getTime() + everyMs) : null),
    })
  return { clock, folder, source, make, backups: make() }
}

test('the newest are kept, others and unfinished ones of other nodes stay, own unfinished ones go', async (t) => {
  const { clock, folder, make, backups: room } = backups(t)
  for (let count = 0; count < 3; count++) {
    await room.make()
    clock.advance(60_000)
  }
  const { files, runningSince, failure } = await room.state()
  t.deepEqual([files.length, runningSince, failure], [2, null, null])
  t.regex(files[0]?.name ?? '', /^selfhostly-my-node-3f2b8c1e-2026-03-01T12-02-00-000Z\.tar\.gz$/)
  const own = `${files[0]?.name}`.replace('12-02', '12-09')
  const others = ['selfhostly-my-node-00000000-2026-01-01T00-00-00-000Z.tar.gz.part', 'family.jpg']
  mkdirSync(join(folder, `.${own}-abc`))
  for (const name of [...others, `${own}.part`]) writeFileSync(join(folder, name), '')
  await make().start()
  t.deepEqual(readdirSync(folder).toSorted(), [...others, ...files.map(({ name }) => name)].toSorted())
})

test('one is made at its time, and at the start if its time passed meanwhile', async (t) => {
  const { clock, folder, make, backups: room } = backups(t, { everyMs: 3_600_000 })
  await room.start()
  await room.tick()
  t.is((await room.state()).files.length, 0)
  t.deepEqual(room.summary().nextAt, new Date('2026-03-01T13:00:00Z'))
  t.deepEqual(room.health(), { problem: null })
  clock.advance(3_600_000)
  t.is(room.health(), null, 'one is due, so nothing is known yet')
  const making = room.tick()
  t.is(room.health(), null, 'nor while it is being made')
  await making
  t.is((await room.state()).files.length, 1)
  t.deepEqual(room.health(), { problem: null })
  t.deepEqual(room.summary().nextAt, new Date('2026-03-01T14:00:00Z'))
  await room.tick()
  t.is((await room.state()).files.length, 1)
  const later = make()
  await later.start()
  t.true((later.summary().nextAt ?? now) > now)

  const since = new Date('2026-03-01T14:00:00Z')
  for (const at of ['14-00', '15-00']) {
    clock.advance(3_600_000)
    mkdirSync(join(folder, `selfhostly-my-node-3f2b8c1e-2026-03-01T${at}-00-000Z.tar.gz`))
    await t.throwsAsync(room.tick(), { message: /exists already/ })
    t.deepEqual(room.health()?.problem?.since, since)
  }
})

test('two at once are refused, a failure is told with its reason, and a stop leaves no file', async (t) => {
  const { clock, folder, source, backups: room } = backups(t)
  const first = room.make()
  await t.throwsAsync(room.make(), { message: /is being made already/ })
  await first
  mkdirSync(join(folder, `selfhostly-my-node-3f2b8c1e-2026-03-01T12-01-00-000Z.tar.gz`))
  clock.advance(60_000)
  await t.throwsAsync(room.make(), { message: /exists already/ })
  t.deepEqual(room.summary().failure?.at, clock.now())
  clock.advance(60_000)
  writeFileSync(join(source.appsDir, 'shop', 'huge'), Buffer.alloc(50_000_000))
  const ended = room.make()
  await room.stop()
  await t.throwsAsync(ended, { message: 'This node was stopped' })
  t.regex(room.summary().failure?.reason ?? '', /exists already/, 'a stop is no failure')
  t.deepEqual(
    readdirSync(folder).filter((name) => /\.part|^\./.test(name)),
    [],
  )
})

test('a backup does not hold the folder that it goes to', async (t) => {
  const source = node(t)
  const path = join(source.appsDir, 'backups', 'backup.tar.gz')
  mkdirSync(dirname(path))
  writeFileSync(join(dirname(path), 'an earlier one'), 'x')
  const { parts } = await makeBackup(source, { path, now })
  t.deepEqual(
    parts.map(({ name }) => name),
    ['node', 'apps/shop'],
  )
})
