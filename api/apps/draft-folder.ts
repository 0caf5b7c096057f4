import { readdir, readFile, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { maxComposeBytes } from './compose-file.ts'

/** Another content for a file of a folder. */
interface Draft {
  directory: string
  file: string
  content: string
}

/** Files that are read to find a name in them; a folder with more has it elsewhere. */
const mostRead = 50
/** Links take some ten microseconds each. */
const mostLinks = 2000

/**
 * Whether the Compose file may lead back to itself by its name, such as `extends: { file: compose.yaml }`, be it through another
 * file of the folder. Goes by the text, so it may be wrong in that way only.
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

/** Gives a draft of the Compose file everything that lies beside the one on disk, by links. */
export async function linkNeighbours({ directory, file }: Draft, to: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name !== file)
  for (const name of names.slice(0, mostLinks)) await symlink(join(directory, name), join(to, name))
}
