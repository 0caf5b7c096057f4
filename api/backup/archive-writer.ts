import { createReadStream, createWriteStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { constants, createGzip } from 'node:zlib'
import { pack } from 'tar-stream'
import { entriesOf, type FolderEntry } from './folder-entries.ts'
import { createPartSums, manifestFile, type EntryHeader, type Manifest } from './manifest.ts'

export type ArchiveWriter = ReturnType<typeof createArchiveWriter>

/** Writes a backup's file, readable by its owner only. It gets its name when it is complete, never before. `signal` ends it with its reason. */
export function createArchiveWriter(path: string, signal?: AbortSignal) {
  const draft = `${path}.part`
  const archive = pack()
  const sums = createPartSums()
  const leftOut: Manifest['leftOut'] = []
  const written = pipeline(
    archive,
    createGzip({ level: constants.Z_BEST_SPEED }),
    createWriteStream(draft, { flags: 'wx', mode: 0o600, flush: true }),
  )
  // Awaited at the end. A failure before that ends the entry that is being written.
  let failure: unknown = null
  written.catch((error: unknown) => (failure = error))

  const nameOf = (place: string, { path: below, type }: FolderEntry): string =>
    `${below === '' ? place : `${place}/${below}`}${type === 'directory' ? '/' : ''}`

  async function add(headers: EntryHeader, content?: AsyncIterable<Uint8Array>): Promise<void> {
    sums.entry(headers)
    const entry = archive.entry(headers)
    if (content) await Promise.race([pipeline(content, entry), written])
  }

  /** A file may grow, shrink or go while it is read; its entry already says how long it is. */
  async function* contentOf({ source, stats }: FolderEntry, name: string): AsyncGenerator<Uint8Array> {
    let left = stats.size
    try {
      if (left > 0) {
        for await (const chunk of createReadStream(source, { end: left - 1 }) as AsyncIterable<Buffer>) {
          signal?.throwIfAborted()
          left -= chunk.length
          sums.bytes(name, chunk)
          yield chunk
        }
      }
    } catch (error) {
      signal?.throwIfAborted()
      leftOut.push({ path: source, why: `could not be read completely: ${error instanceof Error ? error.message : String(error)}` })
    }
    if (left > 0 && !leftOut.some((each) => each.path === source)) leftOut.push({ path: source, why: 'became shorter while it was copied' })
    for (; left > 0; left -= zeros.length) {
      const chunk = zeros.subarray(0, left)
      sums.bytes(name, chunk)
      yield chunk
    }
  }

  return {
    leftOut,

    /** Adds a file, or a folder with everything in it. @param place its name in the archive */
    async add(place: string, source: string): Promise<void> {
      for await (const entry of entriesOf(source, (path, why) => leftOut.push({ path, why }))) {
        signal?.throwIfAborted()
        const { mode, uid, gid, mtime, size } = entry.stats
        const headers = { name: nameOf(place, entry), type: entry.type, mode: mode & 0o7777, uid, gid, mtime }
        if (entry.type === 'file') await add({ ...headers, size }, contentOf(entry, headers.name))
        else await add({ ...headers, size: 0, ...(entry.linkTo !== null && { linkname: entry.linkTo }) })
      }
    },

    /** @returns what was written, as the manifest in the file says. Nothing can be added afterwards */
    async finish(about: Omit<Manifest, 'parts' | 'leftOut'>): Promise<Manifest> {
      const manifest = { ...about, leftOut, parts: sums.list() }
      archive.entry({ name: manifestFile, mode: 0o600 }, JSON.stringify(manifest, null, 2))
      archive.finalize()
      await written
      await rename(draft, path)
      const folder = await open(dirname(path), 'r')
      await folder.sync().finally(() => folder.close())
      return manifest
    },

    /** Leaves no file. @returns why it could not be written, such as a full disk, which shows at the next entry in other words; else the error given */
    async giveUp(error: unknown): Promise<unknown> {
      const cause = failure ?? error
      archive.destroy()
      await written.catch(() => undefined)
      await rm(draft, { force: true })
      return cause
    },
  }
}

const zeros = new Uint8Array(64 * 1024)
