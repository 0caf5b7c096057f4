import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, lchown, lutimes, mkdir, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract, type Extract, type Header } from 'tar-stream'
import { errorMessage, StartError } from '../errors.ts'
import { backupFormat, createPartSums, manifestFile, manifestForm, type BackupPart, type Manifest } from './manifest.ts'

/** Where each of an archive's two halves is unpacked. */
export interface Places {
  node: string
  apps: string
}

type Entry = Extract extends AsyncIterable<infer Source> ? Source : never

/** A megabyte for each thousand apps. */
const largestManifest = 16 * 1024 * 1024

/**
 * Unpacks a backup and compares each part with the manifest at its end.
 *
 * @throws StartError when it is no backup, is not complete or was changed. It says which part
 */
export async function unpack(file: string, places: Places): Promise<Manifest> {
  const sums = createPartSums()
  let manifest: Manifest | null = null
  const late: (() => Promise<void>)[] = []
  const entries = extract()
  try {
    await Promise.all([pipeline(createReadStream(file), createGunzip(), entries), take()])
    for (const finish of late.toReversed()) await finish()
  } catch (error) {
    throw error instanceof StartError ? error : new StartError(inWords(file, error))
  }
  if (!manifest) throw new StartError(`${file} is not complete: its end is missing. Nothing was restored. Use another backup`)
  refuseChanged(file, manifest, sums.list())
  return manifest

  async function take(): Promise<void> {
    for await (const entry of entries) {
      if (entry.header.name === manifestFile) manifest = await readManifest(file, entry)
      else await place(entry)
      entry.resume()
    }
  }

  async function place(entry: Entry): Promise<void> {
    const { header } = entry
    const path = pathOf(file, header.name, places)
    sums.entry(header)
    await mkdir(header.type === 'directory' ? path : dirname(path), { recursive: true, mode: 0o700 })
    if (header.type === 'symlink') {
      // Made after all files, so that no file is written through a link.
      late.unshift(() => symlink(header.linkname ?? '', path).then(() => own(path, header)))
    } else if (header.type === 'directory') {
      late.push(() => own(path, header))
    } else {
      await pipeline(counted(entry), createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true }))
      await own(path, header)
    }
  }

  async function* counted(entry: Entry): AsyncGenerator<Buffer> {
    for await (const chunk of entry as AsyncIterable<Buffer>) {
      sums.bytes(entry.header.name, chunk)
      yield chunk
    }
  }
}

/** Only root can give files to others. */
async function own(path: string, { type, uid = 0, gid = 0, mode = 0, mtime }: Header): Promise<void> {
  if (process.getuid?.() === 0) await lchown(path, uid, gid)
  if (type !== 'symlink') await chmod(path, mode)
  if (mtime) await lutimes(path, mtime, mtime)
}

/** @throws StartError for a name that leads elsewhere */
function pathOf(file: string, name: string, places: Places): string {
  const [half, ...below] = name.replace(/\/$/, '').split('/')
  const isPlain = below.length > 0 && below.every((each) => each !== '' && each !== '.' && each !== '..' && !each.includes('\0'))
  if ((half !== 'node' && half !== 'apps') || !isPlain)
    throw new StartError(`${file} is not a backup of Selfhostly: it has ${JSON.stringify(name)}`)
  return join(places[half], ...below)
}

async function readManifest(file: string, entry: Entry): Promise<Manifest> {
  if ((entry.header.size ?? 0) > largestManifest)
    throw new StartError(`${file} is not a backup of Selfhostly: its ${manifestFile} is too large`)
  const json: unknown = JSON.parse(await text(entry))
  const format = json && typeof json === 'object' && 'format' in json ? Number(json.format) : 0
  if (format > backupFormat) throw new StartError(`${file} was made by a newer version of Selfhostly. Restore it with that version`)
  return manifestForm.parse(json)
}

function refuseChanged(file: string, { parts }: Manifest, found: BackupPart[]): void {
  const names = new Set([...parts, ...found].map(({ name }) => name))
  const wrong = [...names].filter((name) => {
    const [said, is] = [parts, found].map((list) => list.find((part) => part.name === name))
    return said?.sha256 !== is?.sha256 || said?.bytes !== is?.bytes
  })
  if (wrong.length === 0) return
  throw new StartError(
    `${file} was changed since it was made: ${wrong.join(', ')} differs from its checksum. Nothing was restored. Use another backup`,
  )
}

function inWords(file: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT' && error instanceof Error && 'path' in error && error.path === file) return `There is no file ${file}`
  if (code === 'Z_BUF_ERROR' || /unexpected end/i.test(errorMessage(error))) {
    return `${file} is not complete: it ends in the middle. Nothing was restored. Use another backup`
  }
  if (code === 'Z_DATA_ERROR') return `${file} is damaged or not a backup of Selfhostly: ${errorMessage(error)}. Nothing was restored`
  return `${file} could not be restored: ${errorMessage(error)}. Nothing was changed but the folder .restore, which the next attempt replaces`
}
