import { statfs } from 'node:fs/promises'

/** In bytes. A Compose file can take 256 KiB, and the database writes whole pages on top of that. */
const leastRoom = 1024 * 1024

/** Whether this user has too few bytes or inodes left to change an app. */
export async function isFull(folder: string): Promise<boolean> {
  const { bavail, bsize, files, ffree } = await statfs(folder)
  // File systems that allocate inodes on demand report a total of 0.
  return bavail * bsize < leastRoom || (files > 0 && ffree === 0)
}

/** Below this, what is only kept for later is dropped. Images take hundreds of megabytes each. */
const comfortable = 2 * 1024 * 1024 * 1024

export async function isShortOfRoom(folder: string): Promise<boolean> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize < comfortable
}
