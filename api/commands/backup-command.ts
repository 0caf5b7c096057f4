import { join, resolve } from 'node:path'
import { describeBackup } from '../backup/backup-report.ts'
import { usualName } from '../backup/backups.ts'
import { makeBackup } from '../backup/make-backup.ts'
import { backupSource } from '../backup-source.ts'
import { systemClock } from '../clock.ts'
import { ownConfig } from '../own-config.ts'
import { runCommand } from './command.ts'

/** `npm run backup -- [FILE]`: writes a backup of this node, whether or not it runs. Without FILE, into BACKUP_DIR. */
await runCommand(async () => {
  const [given] = process.argv.slice(2)
  const config = ownConfig()
  const source = backupSource(config)
  const now = systemClock.now()
  const path = given ? resolve(given) : join(config.backups.folder, usualName(source.node, now))
  const manifest = await makeBackup(source, { path, now })
  return [
    `Backup made: ${path}`,
    ...describeBackup(manifest),
    'Whoever has this file has every key and secret of this node. Keep it where only you can read it.',
    '',
  ].join('\n')
})
