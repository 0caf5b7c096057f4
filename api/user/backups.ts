import type { Action } from '../auth/action.ts'
import type { Backups, BackupState } from '../backup/backups.ts'
import { AppError, errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Access } from './access.ts'

export const backupActions = {
  makeBackup: { word: 'backup.make', permission: 'settings.change' },
} as const satisfies Record<string, Action>

/** The backups of the node that answers, for callers who may change its settings. */
export function createUserBackups({ access, backups, log }: { access: Access; backups: Backups; log: Log }) {
  return {
    /** @throws FORBIDDEN */
    state(): Promise<BackupState> {
      access.need('settings.change')
      return backups.state()
    },

    /** Begins one and does not wait for it. @returns the state with `runningSince` @throws CONFLICT while one is made */
    make: (): Promise<BackupState> =>
      access.act(backupActions.makeBackup, { subject: '' }, async () => {
        if (backups.summary().runningSince) throw new AppError('CONFLICT', 'A backup is being made already. Wait until it is done')
        backups.make().catch((error: unknown) => log.error({ error: errorMessage(error) }, 'backup failed'))
        return backups.state()
      }),
  }
}
