import { bounds, isPrintable } from '../../bounds.ts'

/** Names in the app's folder that this program writes from something else. */
const taken = new Map([
  ['compose.yaml', 'is the Compose file. Change that instead'],
  ['compose.selfhostly.yaml', 'is written by Selfhostly'],
  ['.env', 'is written from the environment. Change that instead'],
  ['.env.original', 'is what .env held before Selfhostly wrote it. Choose another name'],
])
/** What this program writes first and then renames, and folders of checks. */
const ownPrefix = '.selfhostly-'
/** Linux allows this many bytes in one name. */
const mostNameBytes = 255
const mostParts = 16

/** Why a path cannot be that of a file in an app's folder; null if it can. */
export function problemOfPath(path: string): string | null {
  if (path === '') return 'has an empty path. Enter a name such as "nginx.conf"'
  if (path.length > bounds.app.filePath) return `has a path of ${path.length} characters. The maximum is ${bounds.app.filePath}`
  if (!isPrintable(path) || !path.isWellFormed()) return 'has a path with line breaks, control characters or half a character'
  if (path.includes('\\')) return 'has a path with a backslash. Separate folders with "/"'
  if (path.startsWith('/')) return 'has an absolute path. Enter it relative to the app\'s folder, such as "conf/nginx.conf"'
  const parts = path.split('/')
  if (parts.includes('')) return 'has a path with an empty part. Separate folders with a single "/", and end with the file\'s name'
  if (parts.includes('.') || parts.includes('..'))
    return 'has a path with "." or "..". Enter the way from the app\'s folder straight to the file'
  if (parts.length > mostParts) return `is ${parts.length - 1} folders deep. The maximum is ${mostParts - 1}`
  const long = parts.find((part) => Buffer.byteLength(part) > mostNameBytes)
  if (long !== undefined) return `has a name of ${Buffer.byteLength(long)} bytes in its path. The maximum is ${mostNameBytes}`
  if (parts.some((part) => part.startsWith(ownPrefix))) return `has a name that starts with ${ownPrefix}, which Selfhostly uses itself`
  return problemOfName(path)
}

/** Some disks take these names in any case, so any case of them is refused. */
function problemOfName(path: string): string | null {
  const name = path.toLowerCase()
  if (/^\.compose\.yaml\.new$/.test(name)) return 'has a name that Selfhostly uses itself'
  return taken.get(name) ?? null
}

/** Two paths of which one would be a folder and a file at the same time, or the same file twice. */
export function clashOf(paths: string[]): string | null {
  const sorted = paths.toSorted()
  const seen = new Set(sorted)
  const twice = sorted.find((path, index) => path === sorted[index + 1])
  if (twice !== undefined) return `${twice}: is there twice`
  const folderOf = (path: string): string | undefined =>
    path.split('/').flatMap((_, index, parts) => parts.slice(0, index).join('/')).find((folder) => seen.has(folder)) // prettier-ignore
  const within = sorted.find((path) => folderOf(path) !== undefined)
  return within === undefined ? null : `${within}: ${folderOf(within)} cannot be a file and a folder`
}
