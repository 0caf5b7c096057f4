import { constants } from 'node:fs'
import { access, lstat, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { mountsBelow } from './mounts.ts'

/** A top-level entry of an app's folder, with everything below it. */
export interface FolderEntry {
  name: string
  isFolder: boolean
  /** Null when it is too large to measure while a person waits. */
  bytes: number | null
  /** What would prevent its removal. */
  obstacle: string | null
}

/** Limits for one folder: a few seconds on a slow disk, but always enough to measure a small folder. */
const mostEntries = 30_000
const leastEntries = 500
const lookForMs = 3_000

/** Links are measured themselves, not their targets. A missing folder has no entries. */
export async function entriesOf(directory: string): Promise<FolderEntry[]> {
  const device = (await lstat(directory).catch(() => null))?.dev
  const walk = createWalk({ directory, device, mounts: await mountsBelow(directory) })
  const names = await readdir(directory).catch(() => [])
  const locked = await walk.lockOn(directory)
  const entries: FolderEntry[] = []
  for (const name of names.toSorted()) {
    const { bytes, isFolder, obstacle } = await walk.measure(join(directory, name))
    entries.push({ name, isFolder, bytes: walk.isOver() ? null : bytes, obstacle: locked ?? obstacle })
  }
  return entries
}

function createWalk({ directory, device, mounts }: { directory: string; device: number | undefined; mounts: Set<string> }) {
  const until = performance.now() + lookForMs
  let seen = 0
  const isOver = (): boolean => seen > mostEntries || (seen > leastEntries && performance.now() > until)

  /** Removing an entry only needs permission to change the folder it is in. */
  const lockOn = (path: string): Promise<string | null> =>
    access(path, constants.R_OK | constants.W_OK | constants.X_OK).then(
      () => null,
      () => `this node has no permission to change ${relative(directory, path) || 'the folder'}`,
    )

  async function measure(path: string): Promise<{ bytes: number; isFolder: boolean; obstacle: string | null }> {
    seen++
    const stats = await lstat(path).catch(() => null)
    const isFolder = stats?.isDirectory() === true
    if (mounts.has(path) || (isFolder && stats.dev !== device)) {
      return { bytes: 0, isFolder, obstacle: `something is mounted at ${relative(directory, path)}` }
    }
    if (!isFolder) return { bytes: stats?.size ?? 0, isFolder, obstacle: null }
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
