import { constants } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { errorMessage } from '../errors.ts'

/** What is in a place on disk: its text, or why it cannot be used. */
export interface FoundText {
  content: string | null
  /** Such as `is a symbolic link, which is not followed`. */
  problem: string | null
  /** `other`: a link, a pipe, or something behind a link. */
  kind: 'file' | 'folder' | 'other'
}

/**
 * Reads a file that anyone may have put there. Never reads more than `most` bytes, never follows a link and never waits on a pipe.
 * Null when there is no file.
 */
export async function readText(place: string, most: number): Promise<FoundText | null> {
  const unusable = (problem: string, kind: FoundText['kind'] = 'file'): FoundText => ({ content: null, problem, kind })
  const tooLarge = (bytes: number): FoundText => unusable(`is ${Math.ceil(bytes / 1024)} KiB, and the maximum is ${most / 1024} KiB`)
  let handle: FileHandle | undefined
  try {
    handle = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const found = await handle.stat()
    if (found.isDirectory()) return unusable('is a folder', 'folder')
    if (!found.isFile()) return unusable('is not a plain file', 'other')
    if (found.size > most) return tooLarge(found.size)
    // The file may still be growing.
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(most + 1), { position: 0 })
    if (bytesRead > most) return tooLarge(bytesRead)
    const content = textOf(buffer.subarray(0, bytesRead))
    return content === null ? unusable('is not UTF-8 text') : { content, problem: null, kind: 'file' }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    const isOther = code === 'ELOOP' || code === 'ENXIO'
    return unusable(problems[code] ?? `cannot be read (${code || errorMessage(error)})`, isOther ? 'other' : 'file')
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

function textOf(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}
