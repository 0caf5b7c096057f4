import { constants } from 'node:fs'
import { access, lstat, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** Something at the top of an app's folder, with all that is below it. */
export interface FolderEntry {
  name: string
  isFolder: boolean
  /** Null when there is too much of it to be counted while a person waits. */
  bytes: number | null
  /** What would keep it from being removed. */
  obstacle: string | null
}

/** What may be looked at for one folder: some seconds of a slow disk, and never so little that a small folder is not measured. */
const mostEntries = 30_000
const leastEntries = 500
const lookForMs = 3_000

/** Links count as themselves. A folder that is not there has no entries. */
export async function entriesOf(directory: string): Promise<FolderEntry[]> {
  const walk = createWalk(directory, (await lstat(directory).catch(() => null))?.dev)
  const names = await readdir(directory).catch(() => [])
  const locked = await walk.lockOn(directory)
  const entries: FolderEntry[] = []
  for (const name of names.toSorted()) {
    const { bytes, isFolder, obstacle } = await walk.measure(join(directory, name))
    entries.push({ name, isFolder, bytes: walk.isOver() ? null : bytes, obstacle: locked ?? obstacle })
  }
  return entries
}

function createWalk(directory: string, device: number | undefined) {
  const until = performance.now() + lookForMs
  let seen = 0
  const isOver = (): boolean => seen > mostEntries || (seen > leastEntries && performance.now() > until)

  /** What lies in a folder can be removed by whoever may change the folder. */
  const lockOn = (path: string): Promise<string | null> =>
    access(path, constants.R_OK | constants.W_OK | constants.X_OK).then(
      () => null,
      () => `this node may not change ${relative(directory, path) || 'the folder'}`,
    )

  async function measure(path: string): Promise<{ bytes: number; isFolder: boolean; obstacle: string | null }> {
    seen++
    const stats = await lstat(path).catch(() => null)
    if (!stats?.isDirectory()) return { bytes: stats?.size ?? 0, isFolder: false, obstacle: null }
    if (stats.dev !== device) {
      return { bytes: 0, isFolder: true, obstacle: `another file system is mounted at ${relative(directory, path)}` }
    }
    const names = await readdir(path).catch(() => null)
    let obstacle = names?.length === 0 ? null : await lockOn(path)
    let bytes = 0
    for (const name of names ?? []) {
      if (isOver()) break
      const inside = await measure(join(path, name))
      bytes += inside.bytes
      obstacle ??= inside.obstacle
    }
    return { bytes, isFolder: true, obstacle }
  }

  return { measure, lockOn, isOver }
}
