import { createHash } from 'node:crypto'
import type { Header } from 'tar-stream'
import { z } from 'zod'

/** Raised when an older version could no longer read what is written. */
export const backupFormat = 1

export const manifestFile = 'manifest.json'
/** The database's place in the archive, whatever its name on disk. */
export const databaseEntry = 'node/database'

const part = z.object({
  /** `node` for the database and the keys, `apps/<name>` for an app's folder. */
  name: z.string(),
  files: z.number(),
  bytes: z.number(),
  sha256: z.string(),
})

/** The last entry of a backup. An archive without it is not complete. */
export const manifestForm = z.object({
  format: z.number(),
  version: z.string(),
  madeAt: z.coerce.date(),
  node: z.object({ id: z.string(), name: z.string(), role: z.enum(['primary', 'secondary']) }),
  /** Settings from the environment without which the node is not the same. Their values are not in the backup. */
  needs: z.array(z.string()),
  leftOut: z.array(z.object({ path: z.string(), why: z.string() })),
  parts: z.array(part),
})
export type Manifest = z.output<typeof manifestForm>
export type BackupPart = z.output<typeof part>

/** Which part an entry belongs to: its first folder, or its first two below `apps`. */
export const partOf = (entry: string): string => entry.split('/', entry.startsWith('apps/') ? 2 : 1).join('/')

export type EntryHeader = Pick<Header, 'name' | 'type' | 'mode' | 'size' | 'uid' | 'gid' | 'mtime'> & Partial<Pick<Header, 'linkname'>>

/** Sums up one part after another: every name, mode and byte of its entries, in their order. */
export function createPartSums() {
  const parts = new Map<string, { files: number; bytes: number; hash: ReturnType<typeof createHash> }>()

  function of(name: string) {
    const known = parts.get(partOf(name)) ?? { files: 0, bytes: 0, hash: createHash('sha256') }
    parts.set(partOf(name), known)
    return known
  }

  return {
    entry({ name, type, mode, size, linkname }: EntryHeader): void {
      const sum = of(name)
      if (type === 'file') sum.files++
      const path = name.replace(/\/$/, '')
      sum.hash.update(`${JSON.stringify([path, type, mode, type === 'file' ? size : 0, type === 'symlink' ? linkname : null])}\n`)
    },
    bytes(name: string, chunk: Uint8Array): void {
      const sum = of(name)
      sum.bytes += chunk.length
      sum.hash.update(chunk)
    },
    list: (): BackupPart[] =>
      [...parts].map(([name, { files, bytes, hash }]) => ({ name, files, bytes, sha256: hash.copy().digest('hex') })),
  }
}
