import { bounds } from '../../bounds.ts'
import type { FoundText } from '../text-on-disk.ts'
import { digestOfFile } from './recorded-files.ts'
import type { AppFileName, PlainFile } from './version.ts'
import { readAppFile } from './written-files.ts'

/** A further file of an app that is not on disk as the app has it. */
export interface FileOnDisk extends AppFileName {
  /** Null when it is missing or cannot be used, and for a secret file, always. */
  content: string | null
  isMissing: boolean
  /** Why it cannot be used: too long, not text, a symbolic link, ... */
  problem: string | null
}

/** The same on its own node, with what is in secret files. */
export interface ChangedFile extends AppFileName {
  /** Null when it is missing. */
  found: FoundText | null
}

/** Which of these files are not on disk like that. */
export async function changedFiles(directory: string, written: PlainFile[]): Promise<ChangedFile[]> {
  const changed: ChangedFile[] = []
  for (const { path, content, secret } of written) {
    const found = await readAppFile(directory, path, bounds.app.filesBytes)
    if (found?.content !== content) changed.push({ path, secret, found })
  }
  return changed
}

/** What others may see of them: contents as far as they fit one answer. */
export function shownFiles(changed: ChangedFile[]): FileOnDisk[] {
  let left: number = bounds.app.filesBytes
  return changed.map(({ path, secret, found }) => {
    const content = secret ? null : (found?.content ?? null)
    const fits = (left -= content?.length ?? 0) >= 0
    const problem = fits ? (found?.problem ?? null) : 'is too large to be shown with the others'
    return { path, secret, content: fits ? content : null, isMissing: found === null, problem }
  })
}

/** Differs from every digest of a content when there is none. */
export async function digestOnDisk(directory: string, path: string): Promise<string> {
  const found = await readAppFile(directory, path, bounds.app.filesBytes)
  return found?.content === undefined || found.content === null ? `none: ${found?.problem ?? 'missing'}` : digestOfFile(found.content)
}
