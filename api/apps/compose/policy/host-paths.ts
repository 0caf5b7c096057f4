import { readlink } from 'node:fs/promises'
import { posix } from 'node:path'

/** More than the kernel follows (40), so it never stops where the kernel would go on. */
const mostLinks = 64

/** What a process calls the root of its own file system. Docker's is the host's, whatever ours is. */
const ownRoot = /^\/proc\/(?:self|thread-self|\d+)(?:\/task\/\d+)?\/root$/

/**
 * Where a path leads on this machine's disk: the real path of its longest existing part, and the rest as written. Docker makes
 * what does not exist yet. Anything else below `/proc` means something else to each process, so it stays as written.
 */
async function realPath(path: string): Promise<string> {
  let rest = path.split('/')
  let current = '/'
  for (let links = 0; rest.length > 0 && links <= mostLinks;) {
    const [next = '', ...others] = rest
    rest = others
    if (next === '' || next === '.') continue
    if (next === '..') current = posix.dirname(current)
    else if (ownRoot.test(posix.join(current, next))) current = '/'
    else {
      const here = posix.join(current, next)
      const target = here.startsWith('/proc/') ? null : await readlink(here).catch(() => null)
      if (target === null) current = here
      else {
        links++
        rest = [...target.split('/'), ...rest]
        if (target.startsWith('/')) current = '/'
      }
    }
  }
  // A circle of links leads nowhere, and what it becomes later is unknown.
  return rest.length > 0 ? path : current
}

/**
 * Every place that a path can mean. Docker removes `..` before it follows links and the kernel after, so `link/../x` can be two.
 * @param path absolute
 */
export async function realPaths(path: string): Promise<string[]> {
  return [...new Set([await realPath(posix.normalize(path)), await realPath(path)])]
}

export const isInside = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
