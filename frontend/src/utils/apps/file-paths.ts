import { bytes } from '../shared/format.ts'
import { composeFile } from './contents.ts'
import type { FileDraft } from './contents.ts'

/** What a node accepts: see `bounds.app` of the server. */
const most = { files: 50, path: 255, bytes: 512 * 1024 }

const reserved = new Set([composeFile, 'compose.selfhostly.yaml', '.env', '.env.original'])

/** Why a file beside the Compose file cannot have this path. */
export function pathProblem(path: string, others: string[]): string | undefined {
  const parts = path.split('/')
  if (path.trim() === '') return 'Enter a path'
  if (path.startsWith('/') || path.includes('\\')) return 'Use a path in the app’s folder, with "/" between its parts'
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return 'A path cannot have empty parts, "." or ".."'
  if (path.length > most.path) return `A path can have at most ${most.path} characters`
  if (path === '.env') return 'The .env file is made from the environment, so set the variables there'
  if (reserved.has(path)) return `${path} is not yours to add`
  if (others.includes(path)) return 'There is already a file with this path'
  if (others.some((other) => other.startsWith(`${path}/`) || path.startsWith(`${other}/`)))
    return 'A file and a folder cannot have the same path'
  return undefined
}

/** Why these files together are too much. */
export function amountProblem(files: FileDraft[]): string | undefined {
  const size = files.reduce((sum, { content }) => sum + new TextEncoder().encode(content ?? '').length, 0)
  if (files.length > most.files) return `An app can have at most ${most.files} files. These are ${files.length}`
  return size > most.bytes ? `The files can have at most ${bytes(most.bytes)} together. These have ${bytes(size)}` : undefined
}

/** A file's text, or undefined if it is not text. */
export function textOf(content: Uint8Array): string | undefined {
  try {
    // The mark at the start is a part of the file.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content)
    return text.includes('\0') ? undefined : text
  } catch {
    return undefined
  }
}

/** Larger files are not read, because none could be saved. */
export const isTooLarge = ({ size }: { size: number }): boolean => size > most.bytes

export const isYaml = (path: string): boolean => /\.ya?ml$/i.test(path)
