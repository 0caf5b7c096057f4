import { invalidInput } from '../errors.ts'
import type { AppFiles } from './app-files.ts'
import type { AppRecords } from './app-records.ts'
import { checkAppName } from './compose-file.ts'
import type { ComposeOnDisk, PreparedFolder } from './compose-on-disk.ts'

/** The folders in APPS_DIR: those of apps, and those that people prepared for new ones. */
export function createFolders({ files, records }: { files: AppFiles; records: Pick<AppRecords, 'named'> }) {
  return {
    refuseName,

    /** Folders that are not empty and not an app yet, for example with a `.env` file. */
    async preparedFolders(): Promise<PreparedFolder[]> {
      const names = (await files.folders()).filter((name) => !records.named(name))
      return Promise.all(names.map(async (name) => ({ name, composeFile: (await files.preparedCompose(name))?.file ?? null })))
    },

    /** The Compose file in the folder of this name, whether or not it is an app's; null when there is none. */
    async composeOnDisk(name: string): Promise<ComposeOnDisk | null> {
      refuseName(name)
      const found = await (records.named(name) ? files.compose(name) : files.preparedCompose(name))
      return found && { file: found.file, content: found.content, problem: found.problem }
    },
  }
}

/** @throws INVALID_INPUT for a name that no app can have, on any node */
export function refuseName(name: string): void {
  const problems = checkAppName(name)
  if (problems.length > 0) throw invalidInput(problems)
}
