import { link, lstat, rename } from 'node:fs/promises'

/**
 * Gives a file that someone else wrote a name that nothing has, so that what replaces it loses nothing: `x.original`, then
 * `x.original.2`. The file is also left in its place where the disk can do that.
 *
 * @param path of the file, which is there
 * @param most names that are tried
 * @returns what the new name has more than the old one; null if all are taken
 */
export async function setAside(path: string, most: number): Promise<string | null> {
  for (let count = 1; count <= most; count += 1) {
    const end = count === 1 ? '.original' : `.original.${count}`
    if (await lstat(path + end).catch(() => null)) continue
    // A hard link fails when the name was taken in between, where a rename would replace. Not every disk has hard links.
    await link(path, path + end).catch(() => rename(path, path + end))
    return end
  }
  return null
}
