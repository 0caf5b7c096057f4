import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { AppError } from '../../api/errors.ts'
import { ensureTestImage } from '../helpers/docker.ts'
import { appName, containersOf, nodeOf, web } from '../helpers/own-apps.ts'

const label = (value: string): string => web(`    labels: { made: '${value}' }\n`)
const conflict = { code: 'CONFLICT' }

test.before(async () => void (await ensureTestImage()))

/** A stopped app, with helpers to watch its file on disk. */
async function stoppedApp(t: ExecutionContext) {
  const node = await nodeOf(t)
  const name = appName(t)
  const created = await node.apps.create({ name, composeContent: label('1') })
  t.is((await node.outcome(created)).status, 'succeeded')
  const { id } = created.app
  t.is((await node.outcome(await node.apps.stopApp(id))).status, 'succeeded')
  const file = join(node.appsDir, name, 'compose.yaml')
  /** Makes the change and waits until the app reports this. */
  const told = (changedOnDisk: boolean, change: () => void) => {
    const from = node.seen.values.length
    change()
    return node.seen.first((app) => app.changedOnDisk === changedOnDisk, { from })
  }
  return { ...node, id, name, file, told }
}

test('reports by itself when a file is changed on disk and when it is changed back', async (t) => {
  const { apps, id, name, file, told } = await stoppedApp(t)
  t.false(apps.get(id).changedOnDisk)
  await told(true, () => writeFileSync(file, label('by hand')))
  t.like(apps.get(id), { changedOnDisk: true, version: 1, composeContent: label('1') })
  t.deepEqual(await apps.composeOnDisk(name), { file: 'compose.yaml', content: label('by hand'), problem: null })
  await told(false, () => writeFileSync(file, label('1')))

  // Editors often save by replacing the file.
  writeFileSync(`${file}.tmp`, label('by editor'))
  await told(true, () => renameSync(`${file}.tmp`, file))
  await told(false, () => writeFileSync(file, label('1')))
})

test('never starts a file that the dashboard does not show; saving the file on disk makes it the next version', async (t) => {
  const { apps, id, file, told, outcome, name } = await stoppedApp(t)
  await told(true, () => writeFileSync(file, label('by hand')))
  for (const change of [() => apps.startApp(id), () => apps.update(id, { pull: true })]) {
    const error = await t.throwsAsync(change(), conflict)
    t.regex(error?.message ?? '', /^compose\.yaml of .* was changed on disk\. Nothing starts until you have reviewed it/)
  }
  t.like(apps.get(id), { desiredState: 'stopped', status: 'stopped' })
  t.is(readFileSync(file, 'utf8'), label('by hand'))

  const { mtimeNs } = statSync(file, { bigint: true })
  t.is((await apps.update(id, { description: 'a word' })).operation.status, 'succeeded', 'a description does not depend on the file')
  t.is((await outcome(await apps.update(id, { composeContent: label('by hand') }))).status, 'succeeded')
  t.is(statSync(file, { bigint: true }).mtimeNs, mtimeNs, 'the file was not written again')
  t.like(apps.get(id), { version: 2, composeContent: label('by hand'), changedOnDisk: false, status: 'stopped' })
  t.is((await outcome(await apps.startApp(id))).status, 'succeeded')
  t.is((await containersOf(name))[0]?.Labels['made'], 'by hand')
})

test('refuses to save over a file that was changed on disk unless told to overwrite it', async (t) => {
  const { apps, id, file, told, outcome } = await stoppedApp(t)
  await told(true, () => writeFileSync(file, label('by hand')))
  for (const composeContent of [label('mine'), label('1')]) {
    await t.throwsAsync(apps.update(id, { composeContent }), { ...conflict, message: /matches neither the saved file nor yours/ })
    const error = await t.throwsAsync(apps.update(id, { composeContent }), conflict)
    t.like(error, { fields: [{ field: 'overwriteFile' }] })
  }
  t.is(readFileSync(file, 'utf8'), label('by hand'))
  t.is((await outcome(await apps.update(id, { composeContent: label('1'), overwriteFile: true }))).status, 'succeeded')
  t.like(apps.get(id), { version: 1, changedOnDisk: false })
  t.is(readFileSync(file, 'utf8'), label('1'))
})

test('neither runs nor overwrites a change made on disk while an update or a start is queued', async (t) => {
  const { apps, operations, id, name, file, outcome } = await stoppedApp(t)
  const before = Promise.withResolvers<void>()
  await operations.enqueue('stop', { id, name }, {}, { work: () => before.promise, after: () => Promise.resolve() })
  const waiting = [await apps.update(id, { composeContent: label('mine') }), await apps.startApp(id)]
  writeFileSync(file, label('by hand'))
  before.resolve()
  for (const answer of waiting) {
    const { status, error } = await outcome(answer)
    t.is(status, 'failed')
    t.regex(error ?? '', /was changed on disk/)
  }
  t.is(readFileSync(file, 'utf8'), label('by hand'))
  t.like(apps.get(id), { version: 1, composeContent: label('1'), changedOnDisk: true })
})

test('reports a missing file or folder; a start writes the file again and says so', async (t) => {
  const { apps, id, file, told, outcome } = await stoppedApp(t)
  await told(true, () => rmSync(file))
  const started = await outcome(await apps.startApp(id))
  t.is(started.status, 'succeeded', started.error ?? '')
  t.true(started.output.includes('compose.yaml was missing on disk, so it was written again'), started.output.join('\n'))
  t.is(readFileSync(file, 'utf8'), label('1'))
  t.like(apps.get(id), { changedOnDisk: false, status: 'running' })

  await told(true, () => rmSync(join(file, '..'), { recursive: true }))
  t.is((await outcome(await apps.startApp(id))).status, 'succeeded')
  // The new folder is watched too.
  await told(true, () => writeFileSync(file, label('by hand')))
})

test('reports changes made while the program was not running', async (t) => {
  const first = await stoppedApp(t)
  await first.stop()
  await first.database.close(true)
  writeFileSync(first.file, label('by hand'))
  const second = await nodeOf(t, { folder: first.folder })
  await second.seen.first(({ changedOnDisk }) => changedOnDisk)
  await t.throwsAsync(second.apps.startApp(first.id), conflict)
})

test('hides Compose files of earlier versions from other users at start', async (t) => {
  const first = await stoppedApp(t)
  t.is(statSync(first.file).mode & 0o777, 0o600)
  await first.stop()
  await first.database.close(true)
  chmodSync(first.file, 0o644)
  await nodeOf(t, { folder: first.folder })
  t.is(statSync(first.file).mode & 0o777, 0o640)
})

const strange: Record<string, { make: (file: string) => void; says: RegExp; stays?: true }> = {
  '10 MB': { make: (file) => writeFileSync(file, Buffer.alloc(10 * 2 ** 20, 'a: b\n')), says: /is 10240 KiB, and the maximum is 256 KiB/ },
  zeros: { make: (file) => writeFileSync(file, Buffer.from([0, 1, 2])), says: /is not UTF-8 text/ },
  'another encoding': { make: (file) => writeFileSync(file, Buffer.from('caf\xe9', 'latin1')), says: /is not UTF-8 text/ },
  'a link': { make: (file) => symlinkSync('/etc/hostname', file), says: /is a symbolic link/ },
  'a pipe': { make: (file) => void execFileSync('mkfifo', [file]), says: /is not a plain file/ },
  'a folder': { make: (file) => mkdirSync(file), says: /is a folder/, stays: true },
}

for (const [what, { make, says, stays }] of Object.entries(strange)) {
  test(`${what} in place of the file does no harm`, async (t) => {
    const { apps, id, name, file, told, outcome } = await stoppedApp(t)
    await told(true, () => {
      rmSync(file)
      make(file)
    })
    const found = await apps.composeOnDisk(name)
    t.like(found, { file: 'compose.yaml', content: null })
    t.regex(found?.problem ?? '', says)
    await t.throwsAsync(apps.startApp(id), { ...conflict, message: says })
    await t.throwsAsync(apps.update(id, { composeContent: label('mine') }), { ...conflict, message: says })
    if (stays) {
      await t.throwsAsync(apps.update(id, { composeContent: label('mine'), overwriteFile: true }), {
        ...conflict,
        message: /Move it out of the way/,
      })
      const error = await t.throwsAsync<AppError>(apps.update(id, { composeContent: label('mine'), overwriteFile: true }))
      t.regex(error?.fields[0]?.message ?? '', /^does not help, because compose\.yaml is a folder/)
      t.true(existsSync(file))
      rmSync(file, { recursive: true })
    }
    t.is((await outcome(await apps.update(id, { composeContent: label('mine'), overwriteFile: true }))).status, 'succeeded')
    t.is(readFileSync(file, 'utf8'), label('mine'))
    t.false(apps.get(id).changedOnDisk)
    t.not(readFileSync('/etc/hostname', 'utf8'), label('mine'))
  })
}
