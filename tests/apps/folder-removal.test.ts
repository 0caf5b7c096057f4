import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import type { FolderEntry } from '../../api/apps/folder-entries.ts'
import type { Leftover } from '../../api/apps/folder-removal.ts'
import { dataFolder } from '../helpers/data-folder.ts'

const run = promisify(execFile)
const moduleOf = (name: string): string => JSON.stringify(new URL(`../../api/apps/${name}.ts`, import.meta.url).href)

/**
 * What the preview says of a folder in which something is mounted, and what removing it leaves. Mounts in a namespace of its own,
 * which ends with the process; whoever is not root is root there.
 */
async function removeWhileMounted(t: ExecutionContext, mount: (at: string, elsewhere: string) => string) {
  const [folder, elsewhere] = [join(dataFolder(t), 'my shop'), dataFolder(t)]
  mkdirSync(join(folder, 'data/mounted'), { recursive: true })
  writeFileSync(join(folder, 'data/own.txt'), 'goes')
  writeFileSync(join(elsewhere, 'photo.jpg'), 'the only copy')
  const script = `
    const { entriesOf } = await import(${moduleOf('folder-entries')})
    const { removeTree } = await import(${moduleOf('folder-removal')})
    const folder = process.argv[1]
    const entries = await entriesOf(folder)
    console.log(JSON.stringify({ entries, leftovers: await removeTree(folder, new AbortController().signal) }))`
  const command = `set -e; ${mount(`'${join(folder, 'data/mounted')}'`, `'${elsewhere}'`)}; exec "$@"`
  const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']
  const node = [process.execPath, '--input-type=module', '--eval', script, folder]
  const { stdout } = await run('unshare', [...asRoot, '--mount', 'sh', '-c', command, 'sh', ...node])
  return { folder, elsewhere, ...(JSON.parse(stdout) as { entries: FolderEntry[]; leftovers: Leftover[] }) }
}

const mounts: Record<string, (at: string, elsewhere: string) => string> = {
  'another file system': (at) => `mount -t tmpfs selfhostly-test ${at}; echo kept > ${at}/kept.txt`,
  'a folder of the same disk': (at, elsewhere) => `mount --bind ${elsewhere} ${at}`,
}

for (const [what, mount] of Object.entries(mounts)) {
  test(`${what} that is mounted in an app's folder stays, and the preview says so`, async (t) => {
    const { folder, elsewhere, entries, leftovers } = await removeWhileMounted(t, mount)
    t.is(readFileSync(join(elsewhere, 'photo.jpg'), 'utf8'), 'the only copy')
    t.deepEqual(
      leftovers.map(({ path }) => path),
      ['data/mounted'],
    )
    t.regex(leftovers[0]?.why ?? '', /mounted/)
    t.like(entries, [{ name: 'data', isFolder: true }])
    t.regex(entries[0]?.obstacle ?? '', /mounted at data\/mounted/)
    t.deepEqual([existsSync(join(folder, 'data/own.txt')), existsSync(join(folder, 'data/mounted'))], [false, true], 'the rest goes')
  })
}
