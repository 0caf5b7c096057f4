import { createHash } from 'node:crypto'
import type { AppRecords } from '../app-records.ts'
import type { AppRow } from '../app.entity.ts'
import type { AppVersions } from './app-versions.ts'

/** What the further files of an app's current version hold, by digest. */
export interface RecordedFiles {
  version: number
  files: { path: string; digest: string }[]
}

export const digestOfFile = (content: string): string => createHash('sha256').update(content).digest('base64')

/** Keeps the digests of each app's current version, so that a look at the disk needs no secrets and no database. */
export function createRecordedFiles(deps: { records: Pick<AppRecords, 'named'>; versions: Pick<AppVersions, 'contents'> }) {
  const known = new WeakMap<AppRow, RecordedFiles>()

  return async (name: string): Promise<RecordedFiles> => {
    const row = deps.records.named(name)
    if (!row || row.files.length === 0) return { version: row?.version ?? 0, files: [] }
    const before = known.get(row)
    if (before?.version === row.version) return before
    const { version } = row
    // Without the key of its secrets, nothing can be compared. What needs them says so.
    const { files } = await deps.versions.contents(row.id, version).catch(() => ({ files: [] }))
    const recorded = { version, files: files.map(({ path, content }) => ({ path, digest: digestOfFile(content) })) }
    known.set(row, recorded)
    return recorded
  }
}
