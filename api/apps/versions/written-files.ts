import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, mkdir, open, rename, rmdir, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '../../errors.ts'
import { setAside } from '../set-aside.ts'
import { readText, type FoundText } from '../text-on-disk.ts'
import type { PlainFile } from './version.ts'

/** A secret file can be read by the user that this node runs as, and so by Compose. */
const secretMode = 0o600
/** Containers mount these files and read them as other users. A stricter umask still applies. */
const plainMode = 0o644
const scriptMode = 0o755
const folderMode = 0o755
const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants

const modeOf = ({ content, secret }: PlainFile): number => (secret ? secretMode : content.startsWith('#!') ? scriptMode : plainMode)

interface Folder {
  handle: FileHandle
  path: string
}

/** Only Linux names a folder by what is opened. Elsewhere its path has to do. */
const placeOf = ({ handle, path }: Folder): string => (process.platform === 'linux' ? `/proc/self/fd/${handle.fd}` : path)

/**
 * The folder of a file, opened part by part without following links, so that no link leads out of the app's folder. What is opened
 * stays the same folder, whatever someone puts in its place meanwhile.
 *
 * @returns null if it is not there and `make` is not set
 */
async function openFolder(directory: string, path: string, make: boolean): Promise<Folder | null> {
  let folder: Folder = { handle: await open(directory, O_RDONLY | O_DIRECTORY), path: directory }
  for (const part of path.split('/').slice(0, -1)) {
    const within = join(placeOf(folder), part)
    try {
      if (make) await mkdir(within, { mode: folderMode }).catch(unless('EEXIST'))
      const next = await open(within, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
      await folder.handle.close()
      folder = { handle: next, path: join(folder.path, part) }
    } catch (error) {
      await folder.handle.close()
      if (codeOf(error) === 'ENOENT' && !make) return null
      if (codeOf(error) === 'ELOOP' || codeOf(error) === 'ENOTDIR') throw inTheWay(path, `${part} is a link or a file, not a folder`)
      throw error
    }
  }
  return folder
}

/** Runs `act` with the place of a file in its opened folder. Null if the folder is not there. */
async function at<T>(directory: string, path: string, make: boolean, act: (place: string) => Promise<T>): Promise<T | null> {
  const folder = await openFolder(directory, path, make)
  if (!folder) return null
  try {
    return await act(join(placeOf(folder), path.slice(path.lastIndexOf('/') + 1)))
  } finally {
    await folder.handle.close()
  }
}

/** What a file holds; null when it is not there or is not a plain file. Never waits on a pipe and never follows a link. */
async function readAt(place: string, most: number): Promise<Buffer | null> {
  const handle = await open(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(unless('ENOENT', 'ELOOP', 'ENXIO'))
  if (!handle) return null
  try {
    const found = await handle.stat()
    if (!found.isFile() || found.size > most) return null
    return await handle.readFile()
  } finally {
    await handle.close()
  }
}

const hasBytes = async (place: string, bytes: Buffer): Promise<boolean> => (await readAt(place, bytes.length))?.equals(bytes) ?? false

/** What is in the place of a file, whoever put it there. Null when nothing is. */
export async function readAppFile(directory: string, path: string, most: number): Promise<FoundText | null> {
  return at(directory, path, false, (place) => readText(place, most)).catch((error: unknown) => {
    if (error instanceof AppError) return { content: null, problem: 'is behind a link or a file where a folder was', kind: 'other' }
    if (codeOf(error) === 'ENOENT') return null
    throw error
  })
}

/** More changed files than this are not kept beside the one that replaces them. */
const mostOriginals = 9

/** What became of a file that someone changed on disk: kept under this name, or left as it is because there are too many of those. */
export type Changed = { keptAs: string } | 'left' | null

/**
 * Writes one file byte for byte, atomically. One that is there keeps its owner and mode, but others never read a secret one.
 *
 * @param before what this program wrote there last: anything else on disk is kept under another name. Without this, it is replaced
 * @throws CONFLICT when a folder or a link is in the way
 */
export async function writeAppFile(directory: string, file: PlainFile, before?: { content: string | null }): Promise<Changed> {
  const bytes = Buffer.from(file.content)
  return at(directory, file.path, true, async (place) => replaceAt(place, file, bytes, before))
}

async function replaceAt(place: string, file: PlainFile, bytes: Buffer, written?: { content: string | null }): Promise<Changed> {
  const before = await lstat(place).catch(unless('ENOENT'))
  if (before && !before.isFile())
    throw inTheWay(file.path, before.isSymbolicLink() ? 'is a link, which is not followed' : 'is not a plain file')
  const mode = before ? before.mode & 0o777 & (file.secret ? secretMode : 0o777) : modeOf(file)
  const hasThem = before !== null && (await hasBytes(place, bytes))
  if (hasThem && (before.mode & 0o777) === mode) return null
  const isOurs = written === undefined || (written.content !== null && (await hasBytes(place, Buffer.from(written.content))))
  const kept = before && !hasThem && !isOurs ? await setAside(place, mostOriginals) : undefined
  if (kept === null) return 'left'
  const draft = join(dirname(place), `.selfhostly-${randomUUID()}`)
  const handle = await open(draft, 'wx', secretMode)
  try {
    await handle.writeFile(bytes)
    if (before) await handle.chown(before.uid, before.gid).catch(unless('EPERM'))
    await handle.chmod(before ? mode : mode & ~process.umask())
    await handle.sync()
  } catch (error) {
    await unlink(draft).catch(() => undefined)
    throw error
  } finally {
    await handle.close()
  }
  await rename(draft, place)
  return kept === undefined ? null : { keptAs: file.path + kept }
}

/** Whether a file is on disk as this program wrote it. */
export async function isAsWritten(directory: string, { path, content }: PlainFile): Promise<boolean> {
  const isSame = (place: string): Promise<boolean> => hasBytes(place, Buffer.from(content))
  return (await at(directory, path, false, isSame).catch(() => null)) ?? false
}

/**
 * Deletes a file that this program wrote, with the folders that are empty then. Keeps what someone has changed since.
 *
 * @returns whether it is gone
 */
export async function deleteAppFile(directory: string, { path, content }: PlainFile): Promise<boolean> {
  const isGone = await at(directory, path, false, async (place) => {
    if (!(await lstat(place).catch(unless('ENOENT')))) return true
    if (!(await hasBytes(place, Buffer.from(content)))) return false
    await unlink(place)
    return true
  }).catch((error: unknown) => {
    if (error instanceof AppError) return false
    throw error
  })
  if (isGone !== false) await removeEmptyFolders(directory, path)
  return isGone !== false
}

async function removeEmptyFolders(directory: string, path: string): Promise<void> {
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) {
    // Fails, and keeps the folder, when it is not empty or is a link.
    const isRemoved = await at(directory, folder, false, (place) => rmdir(place).then(() => true)).catch(() => null)
    if (!isRemoved) return
  }
}

const inTheWay = (path: string, why: string): AppError =>
  new AppError('CONFLICT', `${path} cannot be written: ${why}. Move it out of the way on the node, then try again`, {
    fields: [{ field: 'files', message: `${path}: ${why} on the node` }],
  })

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '')

const unless =
  (...codes: string[]) =>
  (error: unknown): null => {
    if (codes.includes(codeOf(error))) return null
    throw error
  }
