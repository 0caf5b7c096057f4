import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { PlainFile } from './versions/version.ts'
import { isAsWritten } from './versions/written-files.ts'

/** What of an app's folder is only there because this program wrote files to it. */
export interface OwnFiles {
  /** The files that nobody has changed since. */
  files: PlainFile[]
  /** Top-level folders with nothing else in them. */
  folders: Set<string>
}

export async function ownFilesIn(directory: string, written: PlainFile[]): Promise<OwnFiles> {
  const files: PlainFile[] = []
  for (const file of written) if (await isAsWritten(directory, file)) files.push(file)
  const paths = new Set(files.map(({ path }) => path))
  const folders = new Set<string>()
  for (const name of new Set([...paths].filter((path) => path.includes('/')).map(topOf))) {
    if (await holdsOnly(directory, name, paths)) folders.add(name)
  }
  return { files, folders }
}

const topOf = (path: string): string => path.split('/', 1)[0] ?? path

/** Ends at the first thing that is not among `paths` or on the way to one, so it never walks through someone's data. */
async function holdsOnly(directory: string, folder: string, paths: ReadonlySet<string>): Promise<boolean> {
  const entries = await readdir(join(directory, folder), { withFileTypes: true }).catch((): Dirent[] | null => null)
  if (!entries) return false
  for (const entry of entries) {
    const path = `${folder}/${entry.name}`
    const leadsToOne = entry.isDirectory() && [...paths].some((each) => each.startsWith(`${path}/`))
    if (!(leadsToOne ? await holdsOnly(directory, path, paths) : paths.has(path))) return false
  }
  return true
}
