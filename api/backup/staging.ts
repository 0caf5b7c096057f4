import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { StartError } from '../errors.ts'
import { ownCommand } from '../own-command.ts'

/** A folder in both the data folder and APPS_DIR, each on the disk to which its files will belong. */
export const stagingIn = (folder: string): string => join(folder, '.restore')

/** Written when everything is unpacked and found whole. From then on files only move. */
export const verifiedIn = (dataDir: string): string => join(stagingIn(dataDir), 'verified.json')

/** @throws StartError while a restore into this data folder has begun and not ended */
export function refuseHalfRestored(dataDir: string): void {
  if (!existsSync(stagingIn(dataDir))) return
  throw new StartError(
    `A restore into ${dataDir} has not ended, so this node has only a part of its files. Run it again: ${ownCommand('restore', 'FILE')}. ` +
      `To start without the backup instead, remove ${stagingIn(dataDir)}`,
  )
}
