import { AppError } from '../errors.ts'
import type { AppRow } from './app.entity.ts'
import { composeFile } from './app-files.ts'
import { isSameText, type FoundCompose } from './compose-on-disk.ts'

/**
 * What is on disk was put there by somebody: nothing runs it before the dashboard shows it, and nothing overwrites it before
 * somebody says so. A file that is gone is no obstacle: what the dashboard shows is written again.
 */

/** @throws CONFLICT when Compose would read another file than the one that the app's record holds */
export function refuseUnseen({ name, composeContent }: AppRow, onDisk: FoundCompose | null): void {
  if (!onDisk || isSameText(onDisk, composeContent)) return
  throw new AppError(
    'CONFLICT',
    `${composeFile} of ${name} was changed on disk${because(onDisk)}, so nothing starts before you have seen it. Look at the difference, save the file that it is to be, then do this again`,
  )
}

/** @throws CONFLICT on field `overwriteFile` when `content` would replace what nobody has decided on */
export function refuseOverwriting(
  { name, composeContent }: Pick<AppRow, 'name' | 'composeContent'>,
  onDisk: FoundCompose | null,
  { content, overwrite }: { content: string; overwrite: boolean },
): void {
  if (!onDisk || isSameText(onDisk, content) || isSameText(onDisk, composeContent)) return
  if (!onDisk.isReplaceable) throw conflict(`${onDisk.problem} in the folder of ${name}. Move it away on the node, then save again`, onDisk)
  if (overwrite) return
  throw conflict(
    `${composeFile} of ${name} was changed on disk${because(onDisk)}, and is neither what the app has here nor what you save. Look at the difference, then save what is on disk, or overwrite it with yours`,
    onDisk,
  )
}

/** The same for an app that is not there yet. @throws CONFLICT */
export function refusePrepared(
  name: string,
  onDisk: FoundCompose | null,
  { content, overwrite }: { content: string; overwrite: boolean },
): void {
  if (!onDisk || isSameText(onDisk, content)) return
  if (!onDisk.isReplaceable)
    throw conflict(`${onDisk.problem} in the folder ${name}. Move it away on the node, then create the app again`, onDisk)
  if (overwrite) return
  const what = onDisk.problem ?? `${onDisk.file} is another one than yours`
  throw conflict(
    `The folder ${name} is there already, and ${what}. Look at it, then create the app with what is in it, or overwrite it with yours`,
    onDisk,
  )
}

const because = ({ problem }: FoundCompose): string => (problem ? ` (${problem})` : '')

const conflict = (message: string, { file }: FoundCompose): AppError =>
  new AppError('CONFLICT', message, {
    fields: [{ field: 'overwriteFile', message: `is not set, and ${file} on disk is another file. composeOnDisk shows it` }],
  })
