import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { ownFilesIn } from '../../api/apps/own-files.ts'
import { writeAppFile } from '../../api/apps/versions/written-files.ts'
import { dataFolder } from '../helpers/data-folder.ts'

const file = (path: string, content = path) => ({ path, content, secret: false })
const written = ['site.conf', 'init/one.sql', 'init/more/two.sql', 'data/seed.txt', 'gone/file.txt'].map((path) => file(path))

test('finds the files that are as they were written, and the folders that hold nothing else', async (t) => {
  const folder = dataFolder(t)
  for (const each of written.slice(0, 4)) await writeAppFile(folder, each)
  writeFileSync(join(folder, 'data/grown.db'), 'a')
  const own = await ownFilesIn(folder, written)
  t.deepEqual(
    own.files.map(({ path }) => path),
    ['site.conf', 'init/one.sql', 'init/more/two.sql', 'data/seed.txt'],
  )
  t.deepEqual([...own.folders], ['init'])

  writeFileSync(join(folder, 'site.conf'), 'mine')
  mkdirSync(join(folder, 'init/more/empty'))
  const edited = await ownFilesIn(folder, written)
  t.false(edited.files.some(({ path }) => path === 'site.conf'))
  t.deepEqual([...edited.folders], [])
})

test('never follows a link out of the folder', async (t) => {
  const [folder, elsewhere] = [dataFolder(t), dataFolder(t)]
  writeFileSync(join(elsewhere, 'one.sql'), 'init/one.sql')
  symlinkSync(elsewhere, join(folder, 'init'))
  t.deepEqual((await ownFilesIn(folder, written)).files, [])
})
