import { mkdir, readdir, readFile, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { maxComposeBytes } from './compose-file.ts'

/** New content for a file in a folder. */
interface Draft {
  directory: string
  file: string
  content: string
}

/** At most this many files are searched for the name. */
const mostRead = 50
/** Each link takes about ten microseconds. */
const mostLinks = 2000

/**
 * Whether the Compose file may refer to itself by name, directly (`extends: { file: compose.yaml }`) or through another file in the
 * folder. Only searches the text, so it can report a reference that is not one.
 */
export async function leadsToItself({ directory, file, content }: Draft): Promise<boolean> {
  if (content.includes(file)) return true
  const names = (await readdir(directory)).filter((name) => /\.ya?ml$/.test(name) && name !== file && content.includes(name))
  for (const name of names.slice(0, mostRead)) {
    const path = join(directory, name)
    const found = await stat(path).catch(() => null)
    if (!found?.isFile() || found.size > maxComposeBytes) continue
    if ((await readFile(path, 'utf8').catch(() => '')).includes(file)) return true
  }
  return false
}

/** Links the other files in the app's folder into the folder of a draft, except where the draft has files of its own. */
export async function linkNeighbours({ directory, file }: Draft, to: string, own: string[] = []): Promise<void> {
  await linkAround(
    directory,
    to,
    [file, ...own].map((path) => path.split('/')),
  )
}

async function linkAround(from: string, to: string, own: string[][]): Promise<void> {
  const entries = await readdir(from, { withFileTypes: true })
  for (const entry of entries.slice(0, mostLinks)) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    const below = own.flatMap(([first, ...rest]) => (first === entry.name ? [rest] : []))
    if (below.length === 0) await symlink(source, target)
    else if (entry.isDirectory() && below.every((rest) => rest.length > 0)) {
      await mkdir(target)
      await linkAround(source, target, below)
    }
  }
}
