import { existsSync, type Dirent } from 'node:fs'
import { chmod, lstat, mkdir, mkdtemp, opendir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bounds } from '../bounds.ts'
import type { ComposeProject } from '../docker/engine.types.ts'
import type { AppRow } from './app.entity.ts'
import { draftEnv, envFile, findEnv, writtenEnv } from './environment/env-on-disk.ts'
import { projectInput } from './environment/project-input.ts'
import { hasContent } from './folder-removal.ts'
import { composeFile, createAppPlaces } from './app-place.ts'
import { checkAppName } from './compose-file.ts'
import { isSameText, readComposeFile, type FoundCompose } from './compose-on-disk.ts'
import { hasOverlay, overlayDraft, overlayFile } from './deploy/overlay.ts'
import type { AppContents, PlainFile } from './versions/version.ts'
import { deleteAppFile, writeAppFile, type Changed } from './versions/written-files.ts'
import { leadsToItself, linkNeighbours } from './draft-folder.ts'

/** Written first, then renamed over the real file. */
const draftOf = (file: string): string => `.${file}.new`
/** Of what an app is made of, what is known while someone writes its Compose file. */
type DraftContents = Pick<AppContents, 'composeContent'> & Partial<AppContents>
const bare = { environment: [], files: [], profiles: [] }
/** In the order in which Compose looks for them. */
const composeNames = [composeFile, 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml']
/** Cannot clash with an app's folder, because app names start with a letter or a digit. */
const draftPrefix = '.draft-'
/** Compose files hold passwords. Only this program and Compose, which runs as the same user, need to read them. */
const fileMode = 0o600
/** Containers mount their app's folder (`.:/app`) and read it as other users, so others can list it. A stricter umask still applies. */
const folderMode = 0o755
const othersMode = 0o007

export type AppFiles = ReturnType<typeof createAppFiles>

/** The folders of this node's apps, usually `<appsDir>/<name>/compose.yaml`. Expects checked names, which cannot contain a path. */
export function createAppFiles({ appsDir }: { appsDir: string }) {
  const places = createAppPlaces({ appsDir })
  const { directoryOf, fileOf } = places

  return {
    ...places,

    projectOf(name: string): ComposeProject {
      const directory = directoryOf(name)
      const file = fileOf(name) === composeFile ? {} : { file: join(directory, fileOf(name)) }
      return { name, directory, ...file, ...(hasOverlay(directory) && { overlay: overlayFile }) }
    },

    /** The app's Compose file on disk; null when it does not exist. */
    compose: (name: string): Promise<FoundCompose | null> => readComposeFile(directoryOf(name), fileOf(name)),

    /** The file that Compose itself would use in a folder that is not an app yet. */
    async preparedCompose(name: string): Promise<FoundCompose | null> {
      for (const file of composeNames) {
        const found = await readComposeFile(directoryOf(name), file)
        // A directory with one of the other names does not get in the way.
        if (found && (found.isReplaceable || file === composeFile)) return found
      }
      return null
    },

    /** Names of folders that are not empty and could become an app. */
    async folders(): Promise<string[]> {
      const entries = await readdir(appsDir, { withFileTypes: true }).catch(whenAbsent<Dirent[]>([]))
      const names = entries.filter((entry) => !entry.isFile() && checkAppName(entry.name).length === 0).map(({ name }) => name)
      const filled: string[] = []
      for (const name of names.sort()) {
        if (!places.isTaken(name) && (await isFilled(join(appsDir, name)))) filled.push(name)
        if (filled.length === bounds.folders) break
      }
      return filled
    },

    /** Whether something other than a folder has this name. */
    isBlocked: async (name: string): Promise<boolean> =>
      places.isTaken(name) || stat(join(appsDir, name)).then((found) => !found.isDirectory(), whenAbsent(false)),

    /** Replaces the Compose file atomically, so an interrupted write never leaves half a file. Does nothing when the content is the same. */
    async write(name: string, content: string): Promise<void> {
      const directory = directoryOf(name)
      await mkdir(directory, { recursive: true, mode: folderMode })
      const file = fileOf(name)
      const onDisk = await readComposeFile(directory, file)
      if (onDisk && isSameText(onDisk, content)) return this.hideFromOthers(name, content)
      if (places.isElsewhere(name)) return void (await writeAppFile(directory, { path: file, content, secret: false }))
      const draft = join(directory, draftOf(file))
      await rm(draft, { force: true })
      // `wx` never writes through a link that someone put there.
      await writeFile(draft, content, { flag: 'wx', mode: fileMode })
      await rename(draft, join(directory, file))
    },

    /**
     * Writes the files beside the Compose file, and deletes those of the version before that are no longer there. What someone changed
     * since this program wrote it is kept: in its place if it is no longer part of the app, else under another name.
     *
     * @param before the files of the version that is on disk
     * @returns a sentence about each that was kept
     * @throws CONFLICT when something is in the way of a file
     */
    async writeOthers(name: string, files: PlainFile[], before: PlainFile[]): Promise<string[]> {
      const directory = directoryOf(name)
      if (files.length + before.length === 0) return []
      await mkdir(directory, { recursive: true, mode: folderMode })
      const kept: string[] = []
      for (const file of before.filter(({ path }) => !files.some((other) => other.path === path))) {
        if (!(await deleteAppFile(directory, file)))
          kept.push(`${file.path} was kept, because it was changed on disk since Selfhostly wrote it`)
      }
      for (const file of files) {
        const content = before.find(({ path }) => path === file.path)?.content ?? null
        const changed = await writeAppFile(directory, file, { content })
        if (changed) kept.push(wordsAbout(file.path, changed))
      }
      return kept
    },

    /**
     * Removes other users' permissions on the Compose file if it is unchanged, because earlier versions left its mode to the umask.
     * The group keeps its permissions, which someone may have granted on purpose.
     */
    async hideFromOthers(name: string, content: string): Promise<void> {
      const file = join(directoryOf(name), fileOf(name))
      if (places.isElsewhere(name) || !(await hasContent(file, content.toWellFormed()))) return
      const { mode } = await lstat(file)
      if ((mode & othersMode) !== 0) await chmod(file, mode & 0o777 & ~othersMode)
    },

    hasFile: (name: string): boolean => existsSync(join(directoryOf(name), fileOf(name))),

    async ensure(name: string, content: string): Promise<boolean> {
      if (await readComposeFile(directoryOf(name), fileOf(name))) return false
      await this.write(name, content)
      return true
    },

    /**
     * The files this program wrote to an app's folder: content by path in the folder; null when any content counts. Whoever has a folder
     * elsewhere wants to go on with what is in it, so only what nobody misses counts there.
     */
    written: ({ name, composeContent, environment }: Pick<AppRow, 'name' | 'composeContent' | 'environment'>): Map<string, string | null> =>
      new Map([
        ...(places.isElsewhere(name) ? [] : own(fileOf(name), composeContent, environment)),
        [overlayFile, null],
        [overlayDraft, null],
      ]),

    /**
     * Runs `check` as if the app had this Compose file. Uses the app's folder, so its other files are found, but a temporary
     * Compose file outside it. Uses an empty folder when the app's folder does not exist yet. If the Compose file refers to itself,
     * the other files are linked next to the draft instead, so the check does not find the file on disk.
     */
    async withDraft<T>(name: string, contents: DraftContents, check: (project: ComposeProject) => Promise<T>): Promise<T> {
      const { composeContent: content, files: others = [] } = contents
      const input = projectInput({ ...bare, ...contents }, await findEnv(directoryOf(name)))
      await mkdir(appsDir, { recursive: true, mode: folderMode })
      const draft = await mkdtemp(join(appsDir, draftPrefix))
      try {
        const named = fileOf(name)
        const file = join(draft, named)
        await writeFile(file, content)
        const own = { directory: directoryOf(name), file: named, content }
        const exists = existsSync(own.directory)
        const readsEnv = contents.environment !== undefined && content.includes(envFile)
        if (exists && others.length === 0 && !readsEnv && !(await leadsToItself(own)))
          return await check({ name, directory: own.directory, file, ...input })
        if (exists) await linkNeighbours(own, draft, others.map(({ path }) => path)) // prettier-ignore
        for (const other of others) await writeAppFile(draft, other)
        if (readsEnv) await draftEnv(draft, contents.environment ?? [])
        return await check({ name, directory: draft, ...(named !== composeFile && { file }), ...input })
      } finally {
        await rm(draft, { recursive: true, force: true })
      }
    },

    /** Removes temporary folders of checks that were running when the program was killed. */
    async removeDrafts(): Promise<void> {
      if (!existsSync(appsDir)) return
      const left = (await readdir(appsDir)).filter((name) => name.startsWith(draftPrefix))
      await Promise.all(left.map((name) => rm(join(appsDir, name), { recursive: true, force: true })))
    },
  }
}

const own = (file: string, content: string, environment: AppRow['environment']): [string, string | null][] => [
  [file, content],
  [draftOf(file), null],
  ...writtenEnv(environment),
]

async function isFilled(directory: string): Promise<boolean> {
  try {
    const entries = await opendir(directory)
    try {
      return (await entries.read()) !== null
    } finally {
      await entries.close()
    }
  } catch {
    // Not a folder, or not readable, so an app cannot start from it.
    return false
  }
}

const whenAbsent =
  <T>(value: T) =>
  (error: unknown): T => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return value
    throw error
  }

const wordsAbout = (path: string, changed: NonNullable<Changed>): string =>
  changed === 'left'
    ? `${path} was changed on disk and is left as it is: there are too many copies of earlier changes beside it. Remove those that nobody needs`
    : `${path} was changed on disk. Its content is kept as ${changed.keptAs}`
