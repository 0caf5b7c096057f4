import { existsSync, type Dirent } from 'node:fs'
import { chmod, lstat, mkdir, mkdtemp, opendir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bounds } from '../bounds.ts'
import type { ComposeProject } from '../docker/engine.types.ts'
import { hasContent } from './app-folder.ts'
import { checkAppName } from './compose-file.ts'
import { isSameText, readComposeFile, type FoundCompose } from './compose-on-disk.ts'
import { leadsToItself, linkNeighbours } from './draft-folder.ts'

/** What Compose is run with, whatever else lies in the folder. */
export const composeFile = 'compose.yaml'
/** Half a file, which then takes the place of the whole one. */
const draftOf = (file: string): string => `.${file}.new`
/** In the order in which Compose looks for them. */
const composeNames = [composeFile, 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml']
/** No app has such a name: a name begins with a letter or a digit. */
const draftPrefix = '.draft-'
/** Compose files hold passwords, and only this program and Compose, which runs as the same user, read them. */
const fileMode = 0o600
/** Apps mount their folder (`.:/app`) and read it as users of their own, so others can list it. A stricter umask still holds. */
const folderMode = 0o755
const othersMode = 0o007

export type AppFiles = ReturnType<typeof createAppFiles>

/** The folders of this node's apps: `<appsDir>/<name>/compose.yaml`. Names were checked before; they hold no path. */
export function createAppFiles({ appsDir }: { appsDir: string }) {
  const directoryOf = (name: string): string => join(appsDir, name)

  return {
    directoryOf,

    projectOf: (name: string): ComposeProject => ({ name, directory: directoryOf(name) }),

    /** The app's Compose file as it is on disk; null when it is not there. */
    compose: (name: string): Promise<FoundCompose | null> => readComposeFile(directoryOf(name), composeFile),

    /** The Compose file that Compose itself would take in a folder where no app is yet. */
    async preparedCompose(name: string): Promise<FoundCompose | null> {
      for (const file of composeNames) {
        const found = await readComposeFile(directoryOf(name), file)
        // A folder of another name than ours is in nobody's way.
        if (found && (found.isReplaceable || file === composeFile)) return found
      }
      return null
    },

    /** Names of the folders that hold something and could become an app. */
    async folders(): Promise<string[]> {
      const entries = await readdir(appsDir, { withFileTypes: true }).catch(whenAbsent<Dirent[]>([]))
      const names = entries.filter((entry) => !entry.isFile() && checkAppName(entry.name).length === 0).map(({ name }) => name)
      const filled: string[] = []
      for (const name of names.sort()) {
        if (await isFilled(directoryOf(name))) filled.push(name)
        if (filled.length === bounds.folders) break
      }
      return filled
    },

    /** Whether what has this name is no folder, so that no app can be in it. */
    isBlocked: (name: string): Promise<boolean> => stat(directoryOf(name)).then((found) => !found.isDirectory(), whenAbsent(false)),

    /** Replaces the Compose file as a whole: a cut-off write never leaves half of one. What is the same already is left alone. */
    async write(name: string, content: string): Promise<void> {
      const directory = directoryOf(name)
      await mkdir(directory, { recursive: true, mode: folderMode })
      const onDisk = await readComposeFile(directory, composeFile)
      if (onDisk && isSameText(onDisk, content)) return this.hideFromOthers(name, content)
      const draft = join(directory, draftOf(composeFile))
      await rm(draft, { force: true })
      // Never through a link that somebody has put there.
      await writeFile(draft, content, { flag: 'wx', mode: fileMode })
      await rename(draft, join(directory, composeFile))
    },

    /**
     * Takes the Compose file from other users of the machine, as long as it is what was written: earlier versions left its mode
     * to the umask. Its group keeps what it has, because somebody may have given it that.
     */
    async hideFromOthers(name: string, content: string): Promise<void> {
      const file = join(directoryOf(name), composeFile)
      if (!(await hasContent(file, content.toWellFormed()))) return
      const { mode } = await lstat(file)
      if ((mode & othersMode) !== 0) await chmod(file, mode & 0o777 & ~othersMode)
    },

    hasFile: (name: string): boolean => existsSync(join(directoryOf(name), composeFile)),

    async ensure(name: string, content: string): Promise<boolean> {
      if (await readComposeFile(directoryOf(name), composeFile)) return false
      await this.write(name, content)
      return true
    },

    /** What this program put into the folder of an app: content by path in the folder; null where it may be anything. */
    written: (content: string): Map<string, string | null> =>
      new Map([
        [composeFile, content],
        [draftOf(composeFile), null],
      ]),

    /** The variables that Compose reads beside the file; empty when there are none. */
    readEnv: (name: string): Promise<string> => readFile(join(directoryOf(name), '.env'), 'utf8').catch(() => ''),

    /**
     * Runs `check` on the app as it would be with another Compose file: in the app's folder, where its other files are, with a
     * file that lies elsewhere for as long as that takes. A folder that is not there yet is one without other files. Where the
     * file leads back to itself, the other files come to the draft, so that it is not the file on disk that is found.
     */
    async withDraft<T>(name: string, content: string, check: (project: ComposeProject) => Promise<T>): Promise<T> {
      await mkdir(appsDir, { recursive: true, mode: folderMode })
      const draft = await mkdtemp(join(appsDir, draftPrefix))
      try {
        const file = join(draft, composeFile)
        await writeFile(file, content)
        const own = { directory: directoryOf(name), file: composeFile, content }
        if (!existsSync(own.directory)) return await check({ name, directory: draft })
        if (!(await leadsToItself(own))) return await check({ name, directory: own.directory, file })
        await linkNeighbours(own, draft)
        return await check({ name, directory: draft })
      } finally {
        await rm(draft, { recursive: true, force: true })
      }
    },

    /** What checks left behind that were under way when the program was killed. */
    async removeDrafts(): Promise<void> {
      if (!existsSync(appsDir)) return
      const left = (await readdir(appsDir)).filter((name) => name.startsWith(draftPrefix))
      await Promise.all(left.map((name) => rm(join(appsDir, name), { recursive: true, force: true })))
    },
  }
}

async function isFilled(directory: string): Promise<boolean> {
  try {
    const entries = await opendir(directory)
    try {
      return (await entries.read()) !== null
    } finally {
      await entries.close()
    }
  } catch {
    // No folder, or one that may not be read: nothing that an app could start from.
    return false
  }
}

const whenAbsent =
  <T>(value: T) =>
  (error: unknown): T => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return value
    throw error
  }
