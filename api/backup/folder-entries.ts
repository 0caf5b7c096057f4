import type { Stats } from 'node:fs'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'

export interface FolderEntry {
  /** Below the folder, with `/`. Empty for the folder itself. */
  path: string
  source: string
  type: 'directory' | 'file' | 'symlink'
  linkTo: string | null
  stats: Stats
}

/** Everything in a folder, parents first, in the order of names, without following links. Sockets, pipes and devices are told to `leftOut`. */
export async function* entriesOf(folder: string, leftOut: (path: string, why: string) => void, path = ''): AsyncGenerator<FolderEntry> {
  const source = path === '' ? folder : join(folder, path)
  const stats = await lstat(source).catch(() => null)
  // A container may remove its files at any time.
  if (!stats) return
  if (stats.isSymbolicLink()) {
    const linkTo = await readlink(source).catch(() => null)
    if (linkTo !== null) yield { path, source, type: 'symlink', linkTo, stats }
  } else if (stats.isFile()) {
    yield { path, source, type: 'file', linkTo: null, stats }
  } else if (stats.isDirectory()) {
    yield { path, source, type: 'directory', linkTo: null, stats }
    const names = (await readdir(source)).toSorted()
    for (const name of names) yield* entriesOf(folder, leftOut, path === '' ? name : `${path}/${name}`)
  } else {
    leftOut(source, 'is a socket, pipe or device')
  }
}
