import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { ensureTestImage, uniqueName } from '../helpers/docker.ts'
import { appName, containersOf, nodeOf, web } from '../helpers/own-apps.ts'

test.before(async () => void (await ensureTestImage()))

const own = web("    env_file: .env\n    labels: { from: '${FROM:?say where from}' }\n")
const other = web("    labels: { from: 'elsewhere' }\n")

/** A folder with these files in APPS_DIR. */
async function prepared(t: ExecutionContext, files: Record<string, string>) {
  const node = await nodeOf(t)
  const name = appName(t)
  const folder = join(node.appsDir, name)
  mkdirSync(join(folder, 'data'), { recursive: true })
  for (const [file, text] of Object.entries({ 'data/kept.txt': 'kept', ...files })) writeFileSync(join(folder, file), text)
  return { ...node, name, folder, read: (file: string) => readFileSync(join(folder, file), 'utf8') }
}

test('an app starts from the files in its folder and keeps them all', async (t) => {
  const { apps, name, outcome, read } = await prepared(t, { '.env': 'FROM=disk\n' })
  t.deepEqual(await apps.preparedFolders(), [{ name, composeFile: null }])
  t.is(await apps.composeOnDisk(name), null)
  const created = await outcome(await apps.create({ name, composeContent: own }))
  t.is(created.status, 'succeeded', created.error ?? '')
  t.is((await containersOf(name))[0]?.Labels['from'], 'disk')
  t.deepEqual([read('.env.original'), read('data/kept.txt'), read('compose.yaml')], ['FROM=disk\n', 'kept', own])
  t.regex(read('.env'), /^FROM=disk$/m)
  t.deepEqual(await apps.preparedFolders(), [], 'it is an app now')
})

for (const file of ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml']) {
  test(`${file} in the folder is offered, used as it is, and overwritten only on request`, async (t) => {
    const { apps, name, folder, outcome, read, database } = await prepared(t, { '.env': 'FROM=disk\n', [file]: own })
    t.deepEqual(await apps.preparedFolders(), [{ name, composeFile: file }])
    t.deepEqual(await apps.composeOnDisk(name), { file, content: own, problem: null })

    const error = await t.throwsAsync(apps.create({ name, composeContent: other }), { code: 'CONFLICT' })
    t.regex(error?.message ?? '', new RegExp(`^The folder ${name} already exists, and its ${file} differs from yours\\. `))
    t.like(error, { fields: [{ field: 'overwriteFile' }] })
    t.deepEqual([read(file), apps.list().length, readdirSync(folder).sort()], [own, 0, ['.env', file, 'data'].sort()])

    const created = await apps.create({ name, composeContent: own })
    t.is((await outcome(created)).status, 'succeeded')
    t.deepEqual([read('compose.yaml'), read(file)], [own, own])
    t.is((await containersOf(name))[0]?.Labels['from'], 'disk')
    t.like(apps.get(created.app.id), { changedOnDisk: false, version: 1 })

    const again = await nodeOf(t, { folder: join(folder, '../..', 'elsewhere') })
    const second = appName(t)
    mkdirSync(join(again.appsDir, second), { recursive: true })
    writeFileSync(join(again.appsDir, second, file), own)
    t.is((await again.outcome(await again.apps.create({ name: second, composeContent: other, overwriteFile: true }))).status, 'succeeded')
    t.is(readFileSync(join(again.appsDir, second, 'compose.yaml'), 'utf8'), other)
    if (file !== 'compose.yaml') t.is(readFileSync(join(again.appsDir, second, file), 'utf8'), own, "files that are not the app's stay")
    t.truthy(database)
  })
}

test('does not offer files, empty folders, invalid names and existing apps', async (t) => {
  const { apps, appsDir, name } = await prepared(t, { '.env': '' })
  for (const empty of ['empty', '.hidden', 'Upper', 'has space']) mkdirSync(join(appsDir, empty))
  writeFileSync(join(appsDir, 'Upper', 'compose.yaml'), own)
  writeFileSync(join(appsDir, 'file'), '')
  symlinkSync('/nowhere', join(appsDir, 'dangling'))
  t.deepEqual(await apps.preparedFolders(), [{ name, composeFile: null }])
  await t.throwsAsync(apps.create({ name: 'file', composeContent: web() }), { code: 'CONFLICT', message: /already has a file named file/ })
  for (const bad of ['..', '../x', 'Upper', '']) await t.throwsAsync(apps.composeOnDisk(bad), { code: 'INVALID_INPUT' })
  t.is(await apps.composeOnDisk(uniqueName()), null)
})

test('does not overwrite a Compose file that appears while the creation is queued', async (t) => {
  const { apps, folder, name, outcome, read } = await prepared(t, { '.env': 'FROM=disk\n' })
  const created = await apps.create({ name, composeContent: own })
  writeFileSync(join(folder, 'compose.yaml'), other)
  const ended = await outcome(created)
  // Either it existed before ours was written, or it replaced ours afterwards. It is never lost.
  t.is(read('compose.yaml'), other)
  if (ended.status === 'failed') t.regex(ended.error ?? '', /already exists/)
  t.like(apps.get(created.app.id), { composeContent: own })
})
