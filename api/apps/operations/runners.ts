import type { AppFiles } from '../app-files.ts'
import type { Deploys } from '../deploy/deploys.ts'
import type { AppRecords } from '../app-records.ts'
import type { AppRow } from '../app.entity.ts'
import type { FileWatch } from '../file-watch.ts'
import type { OperationRun } from '../operation-run.ts'
import type { OperationKind } from '../operation.ts'
import type { Removal } from '../removal.ts'
import type { UndecidedFiles } from '../undecided-files.ts'
import type { AppVersions } from '../versions/app-versions.ts'
import type { OperationInput } from './operation-input.ts'

/**
 * Does the work of an operation on an app. Each step can be done again: after the program was killed, the whole runner starts over
 * from the same input.
 *
 * @returns the final message
 */
export type Runner = (row: AppRow, input: OperationInput, run: OperationRun) => Promise<string | void>

/** By kind of operation. */
export type Runners = Partial<Record<OperationKind, Runner>>

/** The runners that need no room of their own. */
export function createRunners(deps: {
  files: AppFiles
  disk: FileWatch
  removal: Removal
  deploy: Pick<Deploys, 'up'>
  records: AppRecords
  versions: AppVersions
  undecided: Pick<UndecidedFiles, 'refuseUnseen'>
  /** Before the app's record goes. */
  onRemoving: (row: AppRow, withVolumes: boolean) => Promise<void>
  /** The app's record is gone. */
  onRemoved: (row: AppRow) => void
}) {
  const { files, disk, removal, deploy, records, versions } = deps

  return {
    async start(row, { rollback, deadlineSeconds }, run) {
      await deps.undecided.refuseUnseen(row)
      if (await disk.during(row.name, () => files.ensure(row.name, row.composeContent))) {
        run.line(`${files.fileOf(row.name)} was missing on disk, so it was written again`)
      }
      const { files: others } = await versions.contents(row.id, row.version)
      for (const path of disk.changedFiles(row.name, row.version)) run.line(`${path} was missing on disk, so it is written again`)
      for (const kept of await disk.during(row.name, () => files.writeOthers(row.name, others, others))) run.line(kept)
      await deploy.up(row, run, { rollback, deadlineSeconds })
    },

    stop: (row, _input, run) => removal.stop(row, run),

    restart: (row, { services }, run) => removal.restart(row, services ?? [], run),

    async remove(row, input, run) {
      const stays = await removal.remove(row, input, run, (await versions.contents(row.id, row.version)).files)
      await deps.onRemoving(row, input.volumes ?? false)
      await records.delete(row.id, versions.forget(row.id))
      deps.onRemoved(row)
      return stays
    },
  } satisfies Runners
}
