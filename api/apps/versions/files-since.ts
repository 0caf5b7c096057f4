import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { digestOnDisk } from './files-on-disk.ts'

/** By path in the app's folder: what a file holds, and since when, in milliseconds. */
export type FilesSince = Record<string, { digest: string; since: number }>

/**
 * Since when files on disk hold what they hold. A file that was only touched, or written again as it was, holds it since before. Files
 * that are not there are left out.
 *
 * @param before what the last look found
 */
export async function filesSince(directory: string, paths: string[], before: FilesSince): Promise<FilesSince> {
  const found: FilesSince = {}
  for (const path of paths) {
    const digest = await digestOnDisk(directory, path)
    const written = await lstat(join(directory, path)).catch(() => null)
    if (!written) continue
    const known = before[path]
    found[path] = known?.digest === digest ? known : { digest, since: written.mtimeMs }
  }
  return found
}
