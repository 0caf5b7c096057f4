import { readFile, realpath } from 'node:fs/promises'
import { join, relative } from 'node:path'

/**
 * Paths below a folder where something is mounted. Device numbers do not show a mounted folder of the same disk (`mount --bind`).
 * Empty on systems other than Linux.
 */
export async function mountsBelow(directory: string): Promise<Set<string>> {
  const [mounts, real] = await Promise.all([
    readFile('/proc/self/mountinfo', 'utf8').catch(() => ''),
    realpath(directory).catch(() => directory),
  ])
  // The fifth field is the mount point. Spaces and backslashes in it are octal numbers. Source: proc_pid_mountinfo(5)
  const points = mounts.split('\n').map((line) => (line.split(' ')[4] ?? '').replace(/\\(\d{3})/g, (_, octal: string) => byteOf(octal)))
  return new Set(points.filter((point) => point.startsWith(`${real}/`)).map((point) => join(directory, relative(real, point))))
}

const byteOf = (octal: string): string => String.fromCharCode(Number.parseInt(octal, 8))
