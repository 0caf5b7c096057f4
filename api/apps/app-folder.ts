import type { Stats } from 'node:fs'
import { lstat, readdir, readFile, realpath, rmdir, unlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'

/** What could not be removed, and why. */
export interface Leftover {
  /** In the app's folder; empty for the folder itself. */
  path: string
  why: string
}

/** Whether a folder is where its path says; one that is a link leads to files that are not only the app's. */
export async function isInPlace(directory: string): Promise<boolean> {
  const [real, parent] = await Promise.all([realpath(directory), realpath(dirname(directory))])
  return dirname(real) === parent
}

/**
 * Removes what this program wrote, as long as it is what it wrote, and the folder if nothing else is in it.
 * @param written content by path in the folder; null where it may be anything
 * @returns names of what is left
 */
export async function removeWritten(directory: string, written: Map<string, string | null>): Promise<string[]> {
  for (const [name, content] of written) {
    const path = join(directory, name)
    if (content === null || (await hasContent(path, content))) await unlink(path).catch(() => undefined)
  }
  // A folder that holds anything, is a link or is another user's stays.
  await rmdir(directory).catch(() => undefined)
  return readdir(directory).catch(() => [])
}

/** A link is nobody's content, wherever it leads. */
export async function hasContent(path: string, content: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => null)
  if (!stats?.isFile() || stats.size !== Buffer.byteLength(content)) return false
  return (await readFile(path, 'utf8').catch(() => null)) === content
}

/**
 * Removes a folder and all that is in it, as far as it can: one file that stays does not keep the others. Links go, not what
 * they lead to; another file system that is mounted in the folder stays as it is.
 */
export async function removeTree(directory: string, signal: AbortSignal): Promise<Leftover[]> {
  const leftovers: Leftover[] = []
  const device = (await lstat(directory).catch(() => null))?.dev

  async function remove(path: string): Promise<boolean> {
    signal.throwIfAborted()
    try {
      const stats = await lstat(path)
      if (!stats.isDirectory()) return await unlink(path).then(() => true)
      if (stats.dev !== device) throw new Error('another file system is mounted there')
      return await removeFolder(path, stats)
    } catch (error) {
      if (signal.aborted) throw error
      if (isGone(error)) return true
      leftovers.push({ path: relative(directory, path), why: await reasonOf(path, error) })
      return false
    }
  }

  async function removeFolder(path: string, stats: Stats): Promise<boolean> {
    let isEmpty = true
    for (const name of await readdir(path)) isEmpty = (await remove(join(path, name))) && isEmpty
    // Of a folder that cannot be emptied, what is in it was named.
    if (isEmpty && stats.isDirectory()) await rmdir(path)
    return isEmpty
  }

  await remove(directory)
  return leftovers
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '')

const isGone = (error: unknown): boolean => codeOf(error) === 'ENOENT'

const words: Record<string, string> = {
  EBUSY: 'it is in use, or something is mounted there',
  EROFS: 'the disk is mounted read-only',
}

/** What a folder's owner says decides whether something in it can be removed, so that owner is named. */
async function reasonOf(path: string, error: unknown): Promise<string> {
  const code = codeOf(error)
  if (code !== 'EACCES' && code !== 'EPERM') return words[code] ?? (error instanceof Error ? error.message : String(error))
  const owner = ((await lstat(path).catch(() => null)) ?? (await lstat(dirname(path)).catch(() => null)))?.uid
  return `it belongs to user ${owner ?? 'unknown'}, and this node runs as user ${process.getuid?.() ?? 'unknown'}`
}
