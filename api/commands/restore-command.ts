import { resolve } from 'node:path'
import { describeBackup } from '../backup/backup-report.ts'
import { restoreBackup } from '../backup/restore.ts'
import { StartError } from '../errors.ts'
import { environment, ownConfig } from '../own-config.ts'
import { ownCommand } from '../own-command.ts'
import { runCommand } from './command.ts'

/** `npm run restore -- FILE`: puts a backup into an empty data folder and APPS_DIR. */
await runCommand(async () => {
  const [file] = process.argv.slice(2)
  if (!file) throw new StartError(`Use: ${ownCommand('restore', 'FILE')}`)
  const { dataDir, databasePath, appsDir } = ownConfig()
  const { manifest, wentOn } = await restoreBackup(resolve(file), { dataDir, databasePath, appsDir })
  const missing = manifest.needs.filter((name) => !environment()[name]?.trim())
  return [
    wentOn ? 'The restore that was interrupted is done.' : `Restored into ${dataDir} and ${appsDir}.`,
    ...describeBackup({ ...manifest, needs: missing }),
    'Start the node now. Stop the one that it replaces first: two nodes with the same id and key disturb each other.',
    'Data in Docker volumes is not part of a backup. On a machine without the containers, start each app again in the dashboard.',
    '',
  ].join('\n')
})
