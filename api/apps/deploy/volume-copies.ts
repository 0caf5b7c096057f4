import { AppError } from '../../errors.ts'
import type { EngineProjects, EngineVolumes } from '../../docker/engine.types.ts'
import type { AppFiles } from '../app-files.ts'
import type { AppRecords } from '../app-records.ts'
import { isUp } from '../app-status.ts'
import type { AppRow } from '../app.entity.ts'
import type { WatchedContainer } from '../container-details.ts'
import type { OperationRun } from '../operation-run.ts'
import { isUnnamed } from '../project-parts.ts'
import type { Removal } from '../removal.ts'
import type { CopiedVolume, VolumeArchive } from './volume-archive.ts'

/** Copies can be large, and the newest is the one that is wanted. */
const keptCopies = 2

export type VolumeCopies = ReturnType<typeof createVolumeCopies>

/** Copies an app's named volumes while it is stopped, and brings them back. */
export function createVolumeCopies(deps: {
  volumes: EngineVolumes
  projects: EngineProjects
  removal: Pick<Removal, 'stop' | 'removeContainers'>
  archive: VolumeArchive
  files: Pick<AppFiles, 'isOf'>
  records: Pick<AppRecords, 'all' | 'remember'>
  containersOf: (row: AppRow) => WatchedContainer[]
}) {
  const { volumes, projects, removal, archive, records } = deps

  /** The volumes that an app's containers use, with the image of one that does. */
  async function volumesOf(row: AppRow): Promise<{ name: string; image: string }[]> {
    const images = new Map(deps.containersOf(row).map(({ id, imageId }) => [id, imageId]))
    const own = (await projects.parts(row.name)).containers.filter((container) => deps.files.isOf(row.name, container))
    const named = own.flatMap(({ id, mounts }) =>
      mounts.flatMap(({ kind, source }) => (kind === 'volume' && !isUnnamed(source) ? { name: source, image: images.get(id) } : [])),
    )
    return [...new Map(named.flatMap(({ name, image }) => (image ? [[name, { name, image }] as const] : []))).values()]
  }

  async function copyOne(
    row: AppRow,
    version: number,
    { name, image }: { name: string; image: string },
    index: number,
    run: OperationRun,
  ): Promise<CopiedVolume> {
    run.step(10, `Copying volume ${name}`)
    const found = await volumes.find(name, run.signal)
    if (!found) throw new AppError('CONFLICT', `Volume ${name} is gone, so it cannot be copied`)
    const file = `${index}.tar`
    await volumes.read(name, image, run.signal, (tar) => archive.write(row.id, version, file, tar))
    run.line(`Volume ${name} copied`)
    return { ...found, image, file }
  }

  /** Starts what a copy stopped. What is gone or runs already is left alone. */
  async function startOwed(row: AppRow): Promise<void> {
    const signal = new AbortController().signal
    for (const id of row.restartOwed ?? []) await projects.start(id, signal)
    await records.remember(row, { restartOwed: null })
  }

  async function restoreOne(row: AppRow, version: number, { image, file, ...volume }: CopiedVolume, run: OperationRun): Promise<void> {
    run.step(30, `Restoring volume ${volume.name}`)
    await projects.removeVolume(volume.name, run.signal)
    await volumes.create(volume, run.signal)
    await volumes.write(volume.name, image, archive.read(row.id, version, file), run.signal)
    run.line(`Volume ${volume.name} restored`)
  }

  return {
    /**
     * Stops the app, copies its volumes and lets `change` run, which starts it again. Whatever fails, what ran before runs again: the
     * containers to start are saved before the first is stopped.
     */
    async around<T>(row: AppRow, version: number, run: OperationRun, change: () => Promise<T>): Promise<T> {
      const named = await volumesOf(row)
      const sizes = await projects.volumeBytes()
      await archive.refuseTooLarge(named.reduce((sum, { name }) => sum + (sizes.get(name) ?? 0), 0))
      const up = deps.containersOf(row).filter(isUp)
      await records.remember(row, { restartOwed: [...new Set([...(row.restartOwed ?? []), ...up.map(({ id }) => id)])] })
      try {
        await removal.stop(row, run)
        const copied: CopiedVolume[] = []
        for (const [index, volume] of named.entries()) copied.push(await copyOne(row, version, volume, index, run))
        await archive.finish(row.id, version, copied)
        await archive.keep(row.id, keptCopies)
        return await change()
      } finally {
        await startOwed(row)
      }
    },

    /** @throws CONFLICT when nothing was copied before this version, or the copy is no longer kept */
    async refuseMissing(row: AppRow, version: number): Promise<void> {
      if (await archive.find(row.id, version)) return
      const kept = await archive.versions(row.id)
      const which = kept.length === 0 ? 'There is none for this app' : `There are copies from before version ${kept.join(' and ')}`
      throw new AppError('CONFLICT', `No copy of the volumes from before version ${version} is kept. ${which}`)
    },

    /** Replaces the volumes by what was copied before a version. The app's containers are gone afterwards. */
    async restore(row: AppRow, version: number, run: OperationRun): Promise<void> {
      const copied = (await archive.find(row.id, version)) ?? []
      await removal.removeContainers(row, false, run)
      for (const volume of copied) await restoreOne(row, version, volume, run)
    },

    /** Starts what a copy stopped before the program was killed. */
    async resume(isBusy: (row: AppRow) => boolean, onError: (row: AppRow, error: unknown) => void): Promise<void> {
      // An operation that goes on starts them itself.
      for (const row of records.all())
        if (row.restartOwed && !isBusy(row)) await startOwed(row).catch((error: unknown) => onError(row, error))
    },

    deleteAll: archive.deleteAll,
  }
}
