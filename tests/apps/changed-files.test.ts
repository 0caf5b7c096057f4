import { mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { ensureTestImage } from '../helpers/docker.ts'
import { appName, nodeOf, web } from '../helpers/own-apps.ts'

const composeContent = web('    network_mode: none\n')
const conflict = { code: 'CONFLICT' }
const secret = 'pw=not-for-others\n'

test.before(async () => void (await ensureTestImage()))

/** A stopped app with a file in a folder and a secret one, and helpers to change them on disk. */
async function stoppedApp(t: ExecutionContext) {
  const node = await nodeOf(t)
  const name = appName(t)
  const files = [
    { path: 'conf/app.ini', content: 'a=1\n' },
    { path: 'password.txt', content: secret, secret: true },
  ]
  const created = await node.apps.create({ name, composeContent, files })
  t.is((await node.outcome(created)).status, 'succeeded')
  const { id } = created.app
  t.is((await node.outcome(await node.apps.stopApp(id))).status, 'succeeded')
  const at = (path: string): string => join(node.appsDir, name, path)
  /** Makes the change and waits until the app reports these paths. */
  const told = (paths: string[], change: () => void) => {
    const from = node.seen.values.length
    change()
    return node.seen.first((app) => app.changedFiles.join() === paths.join(), { from })
  }
  return { ...node, id, name, at, told }
}

test('reports further files that are changed, replaced or deleted, with what is in them unless they are secret', async (t) => {
  const { apps, id, at, told } = await stoppedApp(t)
  t.like(apps.get(id), { changedOnDisk: false, changedFiles: [] })
  t.like(await told(['conf/app.ini'], () => writeFileSync(at('conf/app.ini'), 'a=2\n')), { changedOnDisk: true })
  await told(['conf/app.ini', 'password.txt'], () => writeFileSync(at('password.txt'), 'pw=by hand'))
  t.deepEqual(await apps.changedFiles(id), [
    { path: 'conf/app.ini', secret: false, content: 'a=2\n', isMissing: false, problem: null },
    { path: 'password.txt', secret: true, content: null, isMissing: false, problem: null },
  ])
  await told(['conf/app.ini'], () => {
    writeFileSync(at('password.tmp'), secret)
    renameSync(at('password.tmp'), at('password.txt'))
  })
  // The folder goes with what is in it, and its successor is watched too.
  rmSync(at('conf'), { recursive: true })
  t.like((await apps.changedFiles(id))[0], { content: null, isMissing: true })
  await told([], () => {
    mkdirSync(at('conf'))
    writeFileSync(at('conf/app.ini'), 'a=1\n')
  })
  await told(['compose.yaml', 'conf/app.ini'], () => {
    writeFileSync(at('compose.yaml'), `# by hand\n${composeContent}`)
    rmSync(at('conf/app.ini'))
    symlinkSync('/etc/hostname', at('conf/app.ini'))
  })
  t.like((await apps.changedFiles(id))[0], { content: null, isMissing: false, problem: 'is a symbolic link, which is not followed' })
})

test('starts nothing until someone has decided; what is on disk becomes a version, secret files too', async (t) => {
  const { apps, id, at, told, outcome } = await stoppedApp(t)
  await told(['conf/app.ini', 'password.txt'], () => {
    writeFileSync(at('conf/app.ini'), 'a=2\n')
    writeFileSync(at('password.txt'), 'pw=by hand')
  })
  for (const change of [() => apps.startApp(id), () => apps.update(id, { pull: true }), () => apps.updateImages(id)]) {
    await t.throwsAsync(change(), { ...conflict, message: /^conf\/app\.ini \(and 1 more\) of .* was changed on disk\. Nothing starts/ })
  }
  const mine = [{ path: 'conf/app.ini', content: 'a=3\n' }, { path: 'password.txt', secret: true }] // prettier-ignore
  t.like(await t.throwsAsync(apps.update(id, { files: mine }), conflict), { fields: [{ field: 'overwriteFile' }] })
  await t.throwsAsync(apps.update(id, { takeFromDisk: ['other.txt'] }), {
    code: 'INVALID_INPUT',
    message: /"other.txt" is not a file of this app/,
  })
  await t.throwsAsync(apps.update(id, { takeFromDisk: ['conf/app.ini'], files: mine }), { code: 'INVALID_INPUT' })
  t.is((await apps.update(id, { description: 'a word' })).operation.status, 'succeeded', 'a description does not depend on files')

  const { ino } = statSync(at('conf/app.ini'))
  t.is((await outcome(await apps.update(id, { takeFromDisk: ['conf/app.ini', 'password.txt'] }))).status, 'succeeded')
  t.like(apps.get(id), { version: 2, changedFiles: [] })
  t.is(statSync(at('conf/app.ini')).ino, ino, 'the file was not written again')
  t.deepEqual((await apps.copyOf(id)).contents.files, [
    { path: 'conf/app.ini', content: 'a=2\n', secret: false },
    { path: 'password.txt', content: 'pw=by hand', secret: true },
  ])
  t.is((await outcome(await apps.startApp(id))).status, 'succeeded')
})

test('overwrites what is on disk when told to, and keeps it beside; writes a missing file again; takes its absence', async (t) => {
  const { apps, id, at, told, outcome } = await stoppedApp(t)
  await told(['conf/app.ini'], () => writeFileSync(at('conf/app.ini'), 'a=2\n'))
  t.is((await outcome(await apps.update(id, { overwriteFile: true }))).status, 'succeeded')
  t.like(apps.get(id), { version: 1, changedFiles: [] })
  t.is(readFileSync(at('conf/app.ini'), 'utf8'), 'a=1\n')
  t.is(readFileSync(at('conf/app.ini.original'), 'utf8'), 'a=2\n')

  await told(['conf/app.ini'], () => rmSync(at('conf/app.ini')))
  const started = await outcome(await apps.startApp(id))
  t.is(started.status, 'succeeded', started.error ?? '')
  t.true(started.output.includes('conf/app.ini was missing on disk, so it is written again'), started.output.join('\n'))
  t.is(readFileSync(at('conf/app.ini'), 'utf8'), 'a=1\n')
  t.deepEqual(apps.get(id).changedFiles, [])

  await told(['conf/app.ini'], () => rmSync(at('conf/app.ini')))
  t.is((await outcome(await apps.update(id, { takeFromDisk: ['conf/app.ini'] }))).status, 'succeeded')
  t.like(apps.get(id), { version: 2, files: [{ path: 'password.txt' }], changedFiles: [] })
})
