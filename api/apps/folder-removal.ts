import type { Stats } from 'node:fs'
import { lstat, readdir, readFile, realpath, rmdir, unlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { mountsBelow } from './mounts.ts'

/** Something that could not be removed. */
export interface Leftover {
  /** Path in the app's folder; empty for the folder itself. */
  path: string
  why: string
}

/** Whether a folder is really at its path. A link may lead to files that do not belong to the app alone. */
export async function isInPlace(directory: string): Promise<boolean> {
  const [real, parent] = await Promise.all([realpath(directory), realpath(dirname(directory))])
  return dirname(real) === parent
}

/**
 * Removes the files this program wrote if they are unchanged, then the folder if it is empty.
 * @param written content by path in the folder; null when any content counts
 * @returns names of the entries that are left
 */
export async function removeWritten(directory: string, written: Map<string, string | null>): Promise<string[]> {
  await removeFrom(directory, written)
  // Fails, and keeps the folder, when it is not empty, is a link or belongs to another user.
  await rmdir(directory).catch(() => undefined)
  return readdir(directory).catch(() => [])
}

/** Removes these files if they are unchanged, and nothing else. */
export async function removeFrom(directory: string, written: Map<string, string | null>): Promise<void> {
  for (const [name, content] of written) {
    const path = join(directory, name)
    if (content === null || (await hasContent(path, content))) await unlink(path).catch(() => undefined)
  }
}

/** Whether a file has exactly this content. Always false for a link. */
export async function hasContent(path: string, content: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => null)
  if (!stats?.isFile() || stats.size !== Buffer.byteLength(content)) return false
  return (await readFile(path, 'utf8').catch(() => null)) === content
}

/**
 * Removes a folder and everything in it. A file that cannot be removed does not stop the rest. Links are removed but not their
 * targets, and what is mounted in the folder is left alone.
 */
export async function removeTree(directory: string, signal: AbortSignal): Promise<Leftover[]> {
  const leftovers: Leftover[] = []
  const device = (await lstat(directory).catch(() => null))?.dev
  const mounts = await mountsBelow(directory)

  async function remove(path: string): Promise<boolean> {
    signal.throwIfAborted()
    try {
      const stats = await lstat(path)
      if (!stats.isDirectory()) return await unlink(path).then(() => true)
      if (stats.dev !== device || mounts.has(path)) throw new Error('something is mounted there')
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
    // When the folder could not be emptied, its entries are already listed as leftovers.
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
  EROFS: 'the disk is read-only',
}

/** Names the owner when permission is missing, because that user can remove the file. */
async function reasonOf(path: string, error: unknown): Promise<string> {
  const code = codeOf(error)
  if (code !== 'EACCES' && code !== 'EPERM') return words[code] ?? (error instanceof Error ? error.message : String(error))
  const owner = ((await lstat(path).catch(() => null)) ?? (await lstat(dirname(path)).catch(() => null)))?.uid
  const self = process.getuid?.()
  // The owner of a file and root are only refused what the file system itself forbids.
  if (code === 'EPERM' && (self === 0 || owner === self)) return 'it is protected against deletion: operation not permitted'
  return `it belongs to user ${owner ?? 'unknown'}, but this node runs as user ${self ?? 'unknown'}`
}
