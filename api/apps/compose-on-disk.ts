import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { errorMessage } from '../errors.ts'
import { maxComposeBytes } from './compose-file.ts'

/** A folder in APPS_DIR that is not an app yet. */
export interface PreparedFolder {
  name: string
  /** Null when the folder has none. An app with this name uses the folder's other files either way. */
  composeFile: string | null
}

/** The Compose file on disk: its text, or why it cannot be used. */
export interface ComposeOnDisk {
  /** File name in the folder, such as `compose.yaml`. */
  file: string
  content: string | null
  problem: string | null
}

export interface FoundCompose extends ComposeOnDisk {
  /** Whether writing a Compose file can replace it. */
  isReplaceable: boolean
}

/**
 * Reads a Compose file that anyone may have put there. Never reads more than the maximum size, never follows a link and never
 * waits on a pipe. Null when there is no file.
 */
export async function readComposeFile(directory: string, file: string): Promise<FoundCompose | null> {
  const unreadable = (problem: string, isReplaceable = true): FoundCompose => ({
    file,
    content: null,
    problem: `${file} ${problem}`,
    isReplaceable,
  })
  let handle: FileHandle | undefined
  try {
    handle = await open(join(directory, file), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const found = await handle.stat()
    if (found.isDirectory()) return unreadable('is a folder', false)
    if (!found.isFile()) return unreadable('is not a plain file')
    if (found.size > maxComposeBytes) return unreadable(tooLarge(found.size))
    // The file may still be growing.
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(maxComposeBytes + 1), { position: 0 })
    if (bytesRead > maxComposeBytes) return unreadable(tooLarge(bytesRead))
    const content = textOf(buffer.subarray(0, bytesRead))
    return content === null ? unreadable('is not UTF-8 text') : { file, content, problem: null, isReplaceable: true }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    return unreadable(problems[code] ?? `cannot be read (${code || errorMessage(error)})`)
  } finally {
    await handle?.close()
  }
}

const problems: Record<string, string> = {
  ELOOP: 'is a symbolic link, which is not followed',
  ENXIO: 'is not a plain file',
  EACCES: 'cannot be read by the user that this node runs as',
  EPERM: 'cannot be read by the user that this node runs as',
}

const tooLarge = (bytes: number): string => `is ${Math.ceil(bytes / 1024)} KiB, and the maximum is ${maxComposeBytes / 1024} KiB`

function textOf(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** Whether the file holds exactly what writing this text would produce. */
export const isSameText = (onDisk: ComposeOnDisk, content: string): boolean =>
  onDisk.content !== null && onDisk.content === content.toWellFormed()
