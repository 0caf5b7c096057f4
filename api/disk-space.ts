import { statfs } from 'node:fs/promises'

/** A Compose file may have 256 KiB, and the database writes whole pages beside it. In bytes. */
const leastRoom = 1024 * 1024

/** Whether less is left for this user, of bytes or of names for files, than a change of an app may need. */
export async function isFull(folder: string): Promise<boolean> {
  const { bavail, bsize, files, ffree } = await statfs(folder)
  // File systems that make names as they need them say that there are none.
  return bavail * bsize < leastRoom || (files > 0 && ffree === 0)
}
