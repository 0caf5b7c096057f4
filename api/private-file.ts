import { randomUUID } from 'node:crypto'
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { errorMessage, StartError } from './errors.ts'
import { storageError } from './storage-error.ts'

/**
 * Reads a file that only its owner can read, or creates it with the text from `make`. If two processes create it at once,
 * both get the text of the first. A crash leaves the whole file or none.
 *
 * @throws StartError if other users can read the file, or if it cannot be read or created
 */
export function readOrMakePrivateFile(path: string, make: () => string): string {
  try {
    const text = readPrivateFile(path) ?? makePrivateFile(path, make())
    if (text !== undefined) return text
  } catch (error) {
    if (error instanceof StartError) throw error
    throw new StartError(`${path} cannot be read or created: ${errorMessage(storageError(error) ?? error)}`)
  }
  throw new StartError(`${path} was removed while it was being read. Start again`)
}

/** Replaces the file's text, or creates the file. A crash leaves the old file or the new one, never a part. */
export function replacePrivateFile(path: string, text: string): void {
  writeDraft(path, text, (draft) => renameSync(draft, path))
}

/** Undefined if there is no such file. */
function readPrivateFile(path: string): string | undefined {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode
  if (mode === undefined) return undefined
  if ((mode & 0o077) !== 0) {
    const found = (mode & 0o777).toString(8).padStart(4, '0')
    throw new StartError(
      `${path} holds a secret, but its mode ${found} lets other users read or change it. Set the mode to 0600: chmod 600 '${path}'`,
    )
  }
  return readFileSync(path, 'utf8')
}

function makePrivateFile(path: string, text: string): string | undefined {
  writeDraft(path, text, (draft) => publish(draft, path))
  return readPrivateFile(path)
}

function writeDraft(path: string, text: string, name: (draft: string) => void): void {
  const folder = dirname(path)
  const draft = `${path}.${randomUUID()}.tmp`
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx', flush: true })
    name(draft)
    syncFolder(folder)
  } finally {
    rmSync(draft, { force: true })
  }
}

/** Gives the finished draft its final name, unless another process was first. */
function publish(draft: string, path: string): void {
  try {
    linkSync(draft, path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EEXIST') return
    // Some network and USB file systems have no hard links. If two first starts run at once there, the last one wins.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error
    renameSync(draft, path)
  }
}

/** A new name reaches the disk only when its folder is synced. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
