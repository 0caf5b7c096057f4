import { join } from 'node:path'
import { maxComposeBytes } from './compose-file.ts'
import { readText } from './text-on-disk.ts'

/** A folder in APPS_DIR that is not an app yet. */
export interface PreparedFolder {
  name: string
  /** Null when the folder has none. An app with this name uses the folder's other files either way. */
  composeFile: string | null
}

/** The Compose file on disk: its text, or why it cannot be used. */
export interface ComposeOnDisk {
  /** File name in the folder, such as `compose.yaml`. */
  file: string
  content: string | null
  problem: string | null
}

export interface FoundCompose extends ComposeOnDisk {
  /** Whether writing a Compose file can replace it. */
  isReplaceable: boolean
}

/** Reads a Compose file that anyone may have put there. Null when there is no file. */
export async function readComposeFile(directory: string, file: string): Promise<FoundCompose | null> {
  const found = await readText(join(directory, file), maxComposeBytes)
  return (
    found && { file, content: found.content, problem: found.problem && `${file} ${found.problem}`, isReplaceable: found.kind !== 'folder' }
  )
}

/** Whether the file holds exactly what writing this text would produce. */
export const isSameText = (onDisk: ComposeOnDisk, content: string): boolean =>
  onDisk.content !== null && onDisk.content === content.toWellFormed()
