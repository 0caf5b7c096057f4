import type { BackupFile, BackupState, BackupSummary } from '../api/backup/backups.ts'
import { backupActions } from '../api/user/backups.ts'
import { action, builder, permission } from './builder.ts'

const BackupFailure = builder.objectRef<NonNullable<BackupSummary['failure']>>('BackupFailure').implement({
  description: 'Why the last backup could not be made.',
  fields: (t) => ({
    at: t.field({ type: 'DateTime', resolve: ({ at }) => at }),
    reason: t.exposeString('reason'),
  }),
})

/** Also part of `server`, whose subscription says when it changed. */
export const BackupStateRef = builder.objectRef<BackupSummary>('BackupState').implement({
  description: "How this node's own backups go.",
  fields: (t) => ({
    runningSince: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Null when none is being made.',
      resolve: (state) => state.runningSince,
    }),
    failure: t.field({
      type: BackupFailure,
      nullable: true,
      description: 'Null if the last one was made, or none was tried since this node started.',
      resolve: ({ failure }) => failure,
    }),
    nextAt: t.field({ type: 'DateTime', nullable: true, description: 'Null without BACKUP_SCHEDULE.', resolve: ({ nextAt }) => nextAt }),
  }),
})

const BackupFileRef = builder.objectRef<BackupFile>('BackupFile').implement({
  description: "A backup in this node's folder. It holds every key and secret of the node, so it is not served over the network.",
  fields: (t) => ({
    name: t.exposeString('name'),
    sizeBytes: t.exposeFloat('sizeBytes'),
    madeAt: t.field({ type: 'DateTime', resolve: ({ madeAt }) => madeAt }),
  }),
})

const Backups = builder.objectRef<BackupState>('Backups').implement({
  description: 'Backups of the node that answers: its database, its keys and the folders of its apps, in one file each.',
  fields: (t) => ({
    folder: t.exposeString('folder', { description: 'On this node: BACKUP_DIR.' }),
    files: t.field({ type: [BackupFileRef], description: 'Newest first.', resolve: ({ files }) => files }),
    state: t.field({ type: BackupStateRef, resolve: (state) => state }),
  }),
})

builder.queryFields((t) => ({
  backups: t.field({ type: Backups, ...permission('settings.change'), resolve: (_root, _args, { user }) => user.backups.state() }),
}))

builder.mutationFields((t) => ({
  makeBackup: t.field({
    type: Backups,
    ...action(backupActions.makeBackup),
    description: 'Begins a backup of the node that answers, and does not wait for it. Fails with CONFLICT while one is being made.',
    resolve: (_root, _args, { user }) => user.backups.make(),
  }),
}))
