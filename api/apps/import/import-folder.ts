import { constants } from 'node:fs'
import { access, readFile, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { bounds } from '../../bounds.ts'
import { composeFile, type AppPlace } from '../app-place.ts'
import { maxComposeBytes } from '../compose-file.ts'
import { readComposeFile } from '../compose-on-disk.ts'
import { isInside } from '../compose/policy/host-paths.ts'
import { overlayFile } from '../deploy/overlay.ts'
import { mergedFiles, type Merged, type ReadFile } from './merged-files.ts'

/** What a project that is to become an app says about its folder. */
interface Labelled {
  name: string
  workingDirectory: string | null
  configFiles: string[]
}

/** Where the app of a project will be. */
export interface ImportFolder {
  place: AppPlace
  /** The project's own folder, in which it stays; null when it gets one in APPS_DIR. */
  folder: string | null
  /** The folder is outside APPS_DIR, so an administrator confirms it by its path. */
  isElsewhere: boolean
  /** The file's text; null when it has to be merged, given or drafted. */
  content: string | null
  /** The text made from several files; null when the app has one, or there is a problem. */
  merged: MergedContent | null
  /** Why the text has to be given or drafted. */
  problem: string | null
}

export interface MergedContent {
  content: string
  /** Paths of the files it was made from. */
  from: string[]
}

/** What an import says about several files that cannot be one. */
export const notMerged = (paths: readonly string[], why: string): string =>
  `It was started with ${paths.length} Compose files (${paths.join(', ')}), an app has one, and they cannot be made one here: ${why}. Run "docker compose ${paths.map((path) => `-f ${path}`).join(' ')} config --no-interpolate" in its folder, look at what it prints, and give that as its Compose file`

/** The file's name when the project's own cannot be used. */
const importedFile = 'compose.imported.yaml'
const { R_OK, W_OK, X_OK } = constants

export async function importFolderOf({ name, workingDirectory, configFiles }: Labelled, appsDir: string): Promise<ImportFolder> {
  const inAppsDir = (problem: string): ImportFolder => ({
    place: { directory: null, file: composeFile, madeIn: workingDirectory ?? '' },
    ...{ folder: null, isElsewhere: false, content: null, merged: null, problem },
  })
  if (workingDirectory === null) return inAppsDir('Its containers do not say in which folder it is')
  const refusal = await problemOfFolder(workingDirectory)
  if (refusal) return inAppsDir(`The folder ${workingDirectory} ${refusal}`)
  const own = configFiles.map((path) => resolve(workingDirectory, path)).filter((path) => basename(path) !== overlayFile)
  const found = await fileOf(workingDirectory, own)
  const { file, ...text } = found
  const isUsual = workingDirectory === join(appsDir, name)
  return {
    place: { directory: isUsual ? null : workingDirectory, file, madeIn: null },
    folder: workingDirectory,
    isElsewhere:
      !isInside(appsDir, workingDirectory) || !isInside(await realpath(appsDir).catch(() => appsDir), await realpath(workingDirectory)),
    ...text,
  }
}

async function problemOfFolder(folder: string): Promise<string | null> {
  const found = await stat(folder).catch(() => null)
  if (!found) return 'is not there, or this node cannot see it'
  if (!found.isDirectory()) return 'is not a folder'
  const isOpen = await access(folder, R_OK | W_OK | X_OK).then(() => true, () => false) // prettier-ignore
  return isOpen ? null : 'cannot be read and changed by the user that this node runs as'
}

type FoundText = Pick<ImportFolder, 'content' | 'merged' | 'problem'> & { file: string }

async function fileOf(folder: string, paths: string[]): Promise<FoundText> {
  const otherwise = (problem: string): FoundText => ({ file: importedFile, content: null, merged: null, problem })
  const [path] = paths
  if (path === undefined) return otherwise('Its containers do not say which Compose file they are from')
  if (paths.length > 1) {
    const merged = await mergedOf(paths)
    return merged.problem === null
      ? { file: importedFile, content: null, merged: { content: merged.content, from: paths }, problem: null }
      : otherwise(notMerged(paths, merged.problem))
  }
  if (dirname(path) !== folder) return otherwise(`Its Compose file ${path} is outside its folder ${folder}`)
  const found = await readComposeFile(folder, basename(path))
  if (found?.content == null) return otherwise(found?.problem ? `In ${folder}, ${found.problem}` : `${path} is not there any more`)
  return { file: basename(path), content: found.content, merged: null, problem: null }
}

async function mergedOf(paths: string[]): Promise<Merged> {
  const none = (problem: string): Merged => ({ content: null, problem })
  if (paths.length > bounds.foundProjects.files) return none(`more than ${bounds.foundProjects.files} are too many`)
  const files: ReadFile[] = []
  for (const path of paths) {
    const found = await readComposeFile(dirname(path), basename(path))
    if (found?.content == null) return none(found?.problem ? `in ${dirname(path)}, ${found.problem}` : `${path} is not there any more`)
    files.push({ path, content: found.content })
  }
  const merged = mergedFiles(files)
  const isTooLong = merged.content !== null && Buffer.byteLength(merged.content) > maxComposeBytes
  return isTooLong ? none(`together they have more than ${maxComposeBytes / 1024} KiB`) : merged
}

/**
 * Why a folder cannot be an app's: who may change an app may read, mount and write whatever is in its folder.
 *
 * @param own folders of this program
 */
export async function refusalOfFolder(folder: string, own: readonly string[]): Promise<string | null> {
  const real = await realpath(folder)
  const system = ['/bin', '/boot', '/dev', '/etc', '/lib', '/lib64', '/proc', '/run', '/sbin', '/sys', '/usr']
  const inSystem = system.some((each) => isInside(each, real))
  if (inSystem || (real.match(/\//g) ?? []).length < 2) return 'is a folder of the system'
  const homes = await homeFolders()
  const within = [...homes, ...(await Promise.all(own.map((path) => realpath(path).catch(() => path))))].find((each) =>
    isInside(real, each),
  )
  if (within === undefined) return null
  return homes.includes(within) ? 'is or holds the home folder of a user' : 'holds the data of Selfhostly'
}

async function homeFolders(): Promise<string[]> {
  const text = await readFile('/etc/passwd', 'utf8').catch(() => '')
  return text.split('\n').flatMap((line) => line.split(':')[5] || [])
}
