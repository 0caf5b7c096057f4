import { AppError } from '../errors.ts'
import type { AppRow } from './app.entity.ts'
import { isSameText, type FoundCompose } from './compose-on-disk.ts'

/**
 * Rules for a Compose file that someone changed on disk: it is not run before the dashboard has shown it, and not overwritten until
 * someone says so. A missing file is not an obstacle, because the file shown in the dashboard is written again.
 */

/** @throws CONFLICT when the file that Compose would read differs from the app's record */
export function refuseUnseen({ name, composeContent }: AppRow, onDisk: FoundCompose | null): void {
  if (!onDisk || isSameText(onDisk, composeContent)) return
  throw new AppError(
    'CONFLICT',
    `${onDisk.file} of ${name} was changed on disk${because(onDisk)}. Nothing starts until you have reviewed it: compare the two, save the one you want, then try again`,
  )
}

/** @throws CONFLICT on field `overwriteFile` when `content` would replace a file that no one has decided about */
export function refuseOverwriting(
  { name, composeContent }: Pick<AppRow, 'name' | 'composeContent'>,
  onDisk: FoundCompose | null,
  { content, overwrite }: { content: string; overwrite: boolean },
): void {
  if (!onDisk || isSameText(onDisk, content) || isSameText(onDisk, composeContent)) return
  if (!onDisk.isReplaceable)
    throw conflict(`In the folder of ${name}, ${onDisk.problem}. Move it out of the way on the node, then save again`, onDisk)
  if (overwrite) return
  throw conflict(
    `${onDisk.file} of ${name} was changed on disk${because(onDisk)} and matches neither the saved file nor yours. Compare them, then save the file on disk or overwrite it with yours`,
    onDisk,
  )
}

/** The same for an app that does not exist yet. @throws CONFLICT */
export function refusePrepared(
  name: string,
  onDisk: FoundCompose | null,
  { content, overwrite }: { content: string; overwrite: boolean },
): void {
  if (!onDisk || isSameText(onDisk, content)) return
  if (!onDisk.isReplaceable)
    throw conflict(`In the folder ${name}, ${onDisk.problem}. Move it out of the way on the node, then create the app again`, onDisk)
  if (overwrite) return
  const what = onDisk.problem ?? `its ${onDisk.file} differs from yours`
  throw conflict(
    `The folder ${name} already exists, and ${what}. Look at the file, then create the app with it or overwrite it with yours`,
    onDisk,
  )
}

const because = ({ problem }: FoundCompose): string => (problem ? ` (${problem})` : '')

const conflict = (message: string, { file, problem, isReplaceable }: FoundCompose): AppError => {
  const why = isReplaceable ? `is not set, but ${file} on disk is different. composeOnDisk shows it` : `does not help, because ${problem}`
  return new AppError('CONFLICT', message, { fields: [{ field: 'overwriteFile', message: why }] })
}
