import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { deleteAppFile, writeAppFile } from '../../../api/apps/versions/written-files.ts'
import { dataFolder } from '../../helpers/data-folder.ts'

const plain = (path: string, content: string, secret = false) => ({ path, content, secret })
const modeOf = (path: string): number => statSync(path).mode & 0o777

/** An app's folder, beside one that no file may reach. */
function folders(t: ExecutionContext) {
  const root = dataFolder(t)
  const [app, outside] = [join(root, 'app'), join(root, 'outside')]
  for (const folder of [app, outside]) mkdirSync(folder)
  writeFileSync(join(outside, 'kept'), 'kept')
  return { app, outside }
}

test('a file is written byte for byte, whatever it holds', async (t) => {
  const { app } = folders(t)
  const hard = ['a\r\nb\r\n', '\ufeffbom', '😀 ☕', '', '$HOME "quotes" \\', '\u0001\u001b[0m', 'no end']
  for (const [index, content] of hard.entries()) {
    await writeAppFile(app, plain(`f${index}`, content))
    t.deepEqual(readFileSync(join(app, `f${index}`)), Buffer.from(content))
  }
  await t.notThrowsAsync(
    fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (content) => {
        await writeAppFile(app, plain('a/b', content))
        return readFileSync(join(app, 'a/b')).equals(Buffer.from(content))
      }),
      { numRuns: 15 },
    ),
  )
  t.deepEqual(readdirSync(join(app, 'a')), ['b'], 'nothing is left beside it')
})

test('modes: 0644, 0755 with #!, 0600 for a secret; one that is there keeps its own', async (t) => {
  const before = process.umask(0)
  t.teardown(() => process.umask(before))
  const { app } = folders(t)
  await writeAppFile(app, plain('conf', 'a'))
  await writeAppFile(app, plain('run.sh', '#!/bin/sh\n'))
  await writeAppFile(app, plain('key', 'k', true))
  t.deepEqual(
    ['conf', 'run.sh', 'key'].map((name) => modeOf(join(app, name))),
    [0o644, 0o755, 0o600],
  )
  chmodSync(join(app, 'conf'), 0o640)
  await writeAppFile(app, plain('conf', 'b'))
  t.deepEqual([modeOf(join(app, 'conf')), readFileSync(join(app, 'conf'), 'utf8')], [0o640, 'b'])
  await writeAppFile(app, plain('conf', 'b', true))
  t.is(modeOf(join(app, 'conf')), 0o600, 'a secret is hidden from others')
})

test('what someone changed on disk is kept beside the new content, and never lost', async (t) => {
  const { app } = folders(t)
  const file = join(app, 'conf')
  const write = (content: string, before: string | null) => writeAppFile(app, plain('conf', content), { content: before })
  t.is(await write('one', null), null)
  t.is(await write('two', 'one'), null, 'nobody has changed it')
  t.is(await write('two', 'one'), null, 'done again')
  writeFileSync(file, 'mine')
  chmodSync(file, 0o640)
  t.deepEqual(await write('three', 'two'), { keptAs: 'conf.original' })
  t.deepEqual([readFileSync(file, 'utf8'), readFileSync(`${file}.original`, 'utf8')], ['three', 'mine'])
  t.is(modeOf(`${file}.original`), 0o640)
  for (let count = 2; count <= 9; count += 1) {
    writeFileSync(file, `mine ${count}`)
    t.deepEqual(await write('three', 'three'), { keptAs: `conf.original.${count}` })
  }
  writeFileSync(file, 'mine again')
  t.is(await write('four', 'three'), 'left')
  t.is(readFileSync(file, 'utf8'), 'mine again')
})

test('no link leads out of the folder: neither a folder, nor a folder within, nor the file itself', async (t) => {
  const { app, outside } = folders(t)
  symlinkSync(outside, join(app, 'linked'))
  mkdirSync(join(app, 'real'))
  symlinkSync(outside, join(app, 'real/linked'))
  symlinkSync(join(outside, 'kept'), join(app, 'file'))
  for (const path of ['linked/kept', 'linked/new', 'real/linked/kept', 'file'])
    await t.throwsAsync(writeAppFile(app, plain(path, 'changed')), { code: 'CONFLICT' }, path)
  for (const path of ['linked/kept', 'real/linked/kept', 'file']) t.false(await deleteAppFile(app, plain(path, 'kept')), path)
  t.deepEqual([readdirSync(outside), readFileSync(join(outside, 'kept'), 'utf8')], [['kept'], 'kept'])
  t.true(lstatSync(join(app, 'file')).isSymbolicLink())
})

test('a file is deleted only if it is as it was written, with the folders that are empty then', async (t) => {
  const { app } = folders(t)
  await writeAppFile(app, plain('a/b/one', '1'))
  await writeAppFile(app, plain('a/two', '2'))
  writeFileSync(join(app, 'a/two'), 'mine')
  t.true(await deleteAppFile(app, plain('a/b/one', '1')))
  t.false(existsSync(join(app, 'a/b')))
  t.false(await deleteAppFile(app, plain('a/two', '2')))
  t.is(readFileSync(join(app, 'a/two'), 'utf8'), 'mine')
  t.true(await deleteAppFile(app, plain('a/absent/x', '')), 'it is gone already')
})
