import { invalidInput, type FieldError } from '../errors.ts'
import type { AppRow } from './app.entity.ts'
import type { AppFiles } from './app-files.ts'
import { refuseOverwriting, refuseOverwritingFiles, refuseUnseen, refuseUnseenFiles } from './changed-on-disk.ts'
import type { FileWatch } from './file-watch.ts'
import type { AppVersions } from './versions/app-versions.ts'
import { changedFiles, shownFiles, type ChangedFile, type FileOnDisk } from './versions/files-on-disk.ts'
import type { AppContents, FileInput } from './versions/version.ts'

export type UndecidedFiles = ReturnType<typeof createUndecidedFiles>

/** Files of an app that someone changed on disk, until someone decides which of the two counts. */
export function createUndecidedFiles(deps: {
  files: Pick<AppFiles, 'directoryOf' | 'fileOf'>
  disk: FileWatch
  versions: Pick<AppVersions, 'contents'>
}) {
  const { files, disk } = deps

  const changedOf = (row: AppRow): Promise<ChangedFile[]> =>
    disk.whenWritten(row.name, async () => {
      if (row.files.length === 0) return []
      return changedFiles(files.directoryOf(row.name), (await deps.versions.contents(row.id, row.version)).files)
    })

  async function refuseUnseenOf(row: AppRow): Promise<void> {
    refuseUnseen(row, await disk.look(row.name))
    refuseUnseenFiles(row, await changedOf(row))
  }

  return {
    /** The further files that differ, without what is in secret ones. */
    shown: async (row: AppRow): Promise<FileOnDisk[]> => shownFiles(await changedOf(row)),

    /** @throws CONFLICT when anything differs, so that nothing runs that the dashboard does not show */
    refuseUnseen: refuseUnseenOf,

    /** @param after what the app becomes; null for what it is @throws CONFLICT when that would replace what no one has decided about */
    async refuseOverwriting(row: AppRow, after: Pick<AppContents, 'composeContent' | 'files'> | null, overwrite: boolean): Promise<void> {
      if (!after) return refuseUnseenOf(row)
      refuseOverwriting(row, await disk.look(row.name), { content: after.composeContent, overwrite })
      refuseOverwritingFiles(row, await changedOf(row), { after: after.files, overwrite })
    },

    /**
     * What the app would be with these files as they are on disk. One that is missing there is no longer part of it.
     *
     * @throws INVALID_INPUT for what is not a file of the app or cannot be used
     */
    async taken(row: AppRow, paths: string[], base: AppContents): Promise<{ composeContent?: string; files?: FileInput[] }> {
      const problems: FieldError[] = []
      const refuse = (message: string): void => void problems.push({ field: 'takeFromDisk', message })
      const composeFile = files.fileOf(row.name)
      const compose = paths.includes(composeFile) ? await disk.look(row.name) : undefined
      if (compose === null) refuse(`${composeFile} is not on disk`)
      if (compose?.problem) refuse(`${compose.problem}, so it cannot be taken`)
      const known = new Set([composeFile, ...base.files.map(({ path }) => path)])
      for (const path of paths) if (!known.has(path)) refuse(`${JSON.stringify(path)} is not a file of this app`)
      const asked = base.files.filter(({ path }) => paths.includes(path))
      const changed = await disk.whenWritten(row.name, () => changedFiles(files.directoryOf(row.name), asked))
      for (const { path, found } of changed) if (found?.problem) refuse(`${path} ${found.problem}, so it cannot be taken`)
      if (problems.length > 0) throw invalidInput(problems)
      const onDisk = new Map(changed.map(({ path, found }) => [path, found?.content ?? null]))
      const after = base.files.map((file) => (onDisk.has(file.path) ? { ...file, content: onDisk.get(file.path) ?? null } : file))
      return {
        ...(compose?.content && { composeContent: compose.content }),
        ...(changed.length > 0 && { files: after.filter(({ content }) => content !== null) }),
      }
    },
  }
}
