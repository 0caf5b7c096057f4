import { AppError } from '../errors.ts'
import type { AppRow } from './app.entity.ts'
import { isSameText, type FoundCompose } from './compose-on-disk.ts'
import type { ChangedFile } from './versions/files-on-disk.ts'
import type { PlainFile } from './versions/version.ts'

/**
 * Rules for files that someone changed on disk: they are not run before the dashboard has shown them, and not overwritten until someone
 * says so. A missing file is not an obstacle, because what is shown in the dashboard is written again.
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

/** The same for its further files. @throws CONFLICT */
export function refuseUnseenFiles({ name }: Pick<AppRow, 'name'>, changed: ChangedFile[]): void {
  const there = changed.filter(({ found }) => found)
  if (there.length === 0) return
  throw new AppError(
    'CONFLICT',
    `${inWords(there)} of ${name} was changed on disk. Nothing starts until you have decided: take what is on disk, or overwrite it`,
  )
}

/** @param after what the files become @throws CONFLICT on field `overwriteFile` */
export function refuseOverwritingFiles(
  { name }: Pick<AppRow, 'name'>,
  changed: ChangedFile[],
  { after, overwrite }: { after: PlainFile[]; overwrite: boolean },
): void {
  // What is no longer part of the app is left in its place.
  const meets = ({ path, found }: ChangedFile): boolean =>
    found !== null && after.some((file) => file.path === path && file.content !== found.content)
  const met = changed.filter(meets)
  const inTheWay = met.find(({ found }) => found?.kind !== 'file')
  if (inTheWay) {
    const why = `${inTheWay.path} ${inTheWay.found?.problem ?? ''}`
    throw conflictOver(
      `In the folder of ${name}, ${why}. Move it out of the way on the node, then save again`,
      `does not help, because ${why}`,
    )
  }
  if (met.length === 0 || overwrite) return
  throw conflictOver(
    `${inWords(met)} of ${name} was changed on disk and matches neither the saved file nor yours. Compare them, then take what is on disk or overwrite it`,
    `is not set, but ${inWords(met)} on disk is different. appChangedFiles shows it`,
  )
}

const inWords = (changed: ChangedFile[]): string => {
  const [first, ...others] = changed.map(({ path, found }) => (found?.problem ? `${path} (${path} ${found.problem})` : path))
  return others.length > 0 ? `${first} (and ${others.length} more)` : (first ?? '')
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
  return conflictOver(message, why)
}

const conflictOver = (message: string, why: string): AppError =>
  new AppError('CONFLICT', message, { fields: [{ field: 'overwriteFile', message: why }] })
