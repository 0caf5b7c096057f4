import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'

/** Docker mounts files of its own folder for each container, such as `/var/lib/docker/containers/<id>/hostname`, into it. */
const mounted = /\/containers\/([0-9a-f]{64})\/(?:hostname|hosts|resolv\.conf)/

/** The id of the container in which this program runs, or the start of it; null outside of containers. */
export async function ownContainerId(read = (path: string): Promise<string> => readFile(path, 'utf8')): Promise<string | null> {
  const mounts = await read('/proc/self/mountinfo').catch(() => '')
  const found = mounted.exec(mounts)?.[1]
  if (found) return found
  // Docker names a container's host after it, unless someone chose another name.
  return /^[0-9a-f]{12}$/.test(hostname()) ? hostname() : null
}
