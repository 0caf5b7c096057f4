import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ComposeProject } from '../docker/engine.types.ts'

const composeFile = 'compose.yaml'
/** Half a file, which then takes the place of the whole one. */
const draftOf = (file: string): string => `.${file}.new`
/** No app has such a name: a name begins with a letter or a digit. */
const draftPrefix = '.draft-'

export type AppFiles = ReturnType<typeof createAppFiles>

/** The folders of this node's apps: `<appsDir>/<name>/compose.yaml`. Names were checked before; they hold no path. */
export function createAppFiles({ appsDir }: { appsDir: string }) {
  const directoryOf = (name: string): string => join(appsDir, name)

  return {
    directoryOf,

    projectOf: (name: string): ComposeProject => ({ name, directory: directoryOf(name) }),

    /** Whether something is there already that a new app of this name would write over. */
    async isTaken(name: string): Promise<boolean> {
      const directory = directoryOf(name)
      return existsSync(directory) && (await readdir(directory)).length > 0
    },

    /** Replaces the Compose file as a whole: a cut-off write never leaves half of one. */
    async write(name: string, content: string): Promise<void> {
      const directory = directoryOf(name)
      await mkdir(directory, { recursive: true })
      const draft = join(directory, draftOf(composeFile))
      await writeFile(draft, content)
      await rename(draft, join(directory, composeFile))
    },

    hasFile: (name: string): boolean => existsSync(join(directoryOf(name), composeFile)),

    async ensure(name: string, content: string): Promise<void> {
      if (!this.hasFile(name)) await this.write(name, content)
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
     * file that lies elsewhere for as long as that takes. A folder that is not there yet is one without other files.
     */
    async withDraft<T>(name: string, content: string, check: (project: ComposeProject) => Promise<T>): Promise<T> {
      await mkdir(appsDir, { recursive: true })
      const draft = await mkdtemp(join(appsDir, draftPrefix))
      try {
        const file = join(draft, composeFile)
        await writeFile(file, content)
        const directory = existsSync(directoryOf(name)) ? directoryOf(name) : draft
        return await check({ name, directory, file })
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
