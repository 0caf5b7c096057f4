import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { errorMessage } from '../errors.ts'
import { maxComposeBytes } from './compose-file.ts'

/** A folder among those of the apps that is not one yet. */
export interface PreparedFolder {
  name: string
  /** Null where there is none; the folder's other files are there for an app of this name all the same. */
  composeFile: string | null
}

/** What lies at the place of a Compose file: text, or why it is none that could be taken. */
export interface ComposeOnDisk {
  /** Its name in the folder, such as `compose.yaml`. */
  file: string
  content: string | null
  problem: string | null
}

export interface FoundCompose extends ComposeOnDisk {
  /** Whether writing the Compose file can put another in its place. */
  isReplaceable: boolean
}

/**
 * Reads a Compose file that anybody may have put there: never more than an app may have, never through a link, never waiting
 * for a pipe. Null when there is none.
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
    // It may be growing.
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(maxComposeBytes + 1), { position: 0 })
    if (bytesRead > maxComposeBytes) return unreadable(tooLarge(bytesRead))
    const content = textOf(buffer.subarray(0, bytesRead))
    return content === null ? unreadable('is not text in UTF-8') : { file, content, problem: null, isReplaceable: true }
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
  EACCES: 'may not be read by the user that this program runs as',
  EPERM: 'may not be read by the user that this program runs as',
}

const tooLarge = (bytes: number): string => `is ${Math.ceil(bytes / 1024)} KiB long; at most ${maxComposeBytes / 1024} KiB are possible`

function textOf(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** Whether a file holds exactly what writing this text would make of it. */
export const isSameText = (onDisk: ComposeOnDisk, content: string): boolean =>
  onDisk.content !== null && onDisk.content === content.toWellFormed()
