import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createAppFiles } from '../../api/apps/app-files.ts'
import { noContents } from '../../api/apps/versions/contents-input.ts'
import { dataFolder } from '../helpers/data-folder.ts'

/** An app folder whose files everyone can read, as earlier versions and people left them. */
function opened(t: ExecutionContext, files: Record<string, string>) {
  const appsDir = join(dataFolder(t), 'apps')
  const folder = join(appsDir, 'shop')
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text)
    chmodSync(join(folder, name), 0o646)
  }
  const modeOf = (name: string): number => statSync(join(folder, name)).mode & 0o777
  return { files: createAppFiles({ appsDir }), folder, modeOf }
}

const content = 'services: {}\n'

test('a new Compose file is private, in a folder that others can list', async (t) => {
  const before = process.umask(0)
  t.teardown(() => process.umask(before))
  const appsDir = join(dataFolder(t), 'apps')
  const files = createAppFiles({ appsDir })
  await files.write('shop', content)
  const modeOf = (path: string): number => statSync(join(appsDir, path)).mode & 0o777
  t.deepEqual([modeOf('shop/compose.yaml'), modeOf('shop'), modeOf('')], [0o600, 0o755, 0o755])
  await files.withDraft('shop', { ...noContents, composeContent: 'services:\n' }, async ({ file }) =>
    t.is(statSync(join(file ?? '', '..')).mode & 0o777, 0o700),
  )
})

test('a Compose file that replaces a readable one is private, and other files keep their mode', async (t) => {
  const { files, folder, modeOf } = opened(t, { 'compose.yaml': 'services:\n', '.env': 'A=1\n' })
  chmodSync(folder, 0o777)
  await files.write('shop', content)
  t.deepEqual([modeOf('compose.yaml'), modeOf('.env'), modeOf('')], [0o600, 0o646, 0o777])
})

test("an unchanged Compose file loses only other users' permissions", async (t) => {
  const { files, folder, modeOf } = opened(t, { 'compose.yaml': content, '.env': 'A=1\n' })
  await files.write('shop', content)
  t.deepEqual([modeOf('compose.yaml'), modeOf('.env'), modeOf('')], [0o640, 0o646, statSync(folder).mode & 0o777])
  t.is(readFileSync(join(folder, 'compose.yaml'), 'utf8'), content)
})

test('an edited Compose file keeps its mode', async (t) => {
  const { files, modeOf } = opened(t, { 'compose.yaml': 'services:\n' })
  await files.hideFromOthers('shop', content)
  t.is(modeOf('compose.yaml'), 0o646)
  await t.notThrowsAsync(files.hideFromOthers('absent', content))
})
