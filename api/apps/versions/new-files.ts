import type { AppDeploy } from '../app-deploy.ts'
import type { AppFiles } from '../app-files.ts'
import type { AppRecords } from '../app-records.ts'
import type { AppRow } from '../app.entity.ts'
import type { Engine } from '../../docker/engine.types.ts'
import type { OperationRun } from '../operation-run.ts'
import type { Removal } from '../removal.ts'
import type { AppVersions } from './app-versions.ts'
import { filesSince } from './files-since.ts'

/**
 * A deploy that looks after the app's files, whose change Compose does not notice. A new version first builds what is made of them; one
 * that ran before has its images, and needs neither a build nor a registry. Then containers are made again that are older than a file
 * that they mount holds its content. What counts is the file on disk and not which version brought it: a change that waited behind a
 * rollback was compared with a version that no container runs any more. It can be done again after the program was killed.
 */
export function withNewFiles(
  deploy: AppDeploy,
  deps: {
    versions: Pick<AppVersions, 'shown'>
    records: Pick<AppRecords, 'remember'>
    files: Pick<AppFiles, 'directoryOf'>
    engine: Pick<Engine, 'containers' | 'details'>
    removal: Pick<Removal, 'removeUsers'>
  },
): AppDeploy {
  const { versions, records, files, engine, removal } = deps

  /** When the app's containers were made, by id. The Engine's list only has seconds, in which a version can fail and go. */
  async function madeAt({ name }: AppRow): Promise<Map<string, Date>> {
    const own = (await engine.containers()).filter(({ project }) => project === name)
    return new Map(
      await Promise.all(
        own.map(async ({ id, createdAt }): Promise<[string, Date]> => [id, (await engine.details(id))?.createdAt ?? createdAt]),
      ),
    )
  }

  async function removeOlder(row: AppRow, paths: string[], run: OperationRun): Promise<void> {
    const since = await filesSince(files.directoryOf(row.name), paths, row.filesSince ?? {})
    await records.remember(row, { filesSince: since })
    if (paths.length === 0) return
    const containers = [...(await madeAt(row))]
    for (const [path, file] of Object.entries(since)) {
      const old = new Set(containers.flatMap(([id, made]) => (made.getTime() < file.since ? id : [])))
      if (old.size > 0) await removal.removeUsers(row, [path], (id) => old.has(id), run)
    }
  }

  return {
    ...deploy,
    async up(row, run) {
      const shown = await versions.shown(row.id, row.version)
      const paths = shown.files.map(({ path }) => path)
      if (paths.length > 0 && shown.images.length === 0) await deploy.build(row, paths, run)
      if (paths.length > 0 || row.filesSince) await removeOlder(row, paths, run)
      await deploy.up(row, run)
    },
  }
}
