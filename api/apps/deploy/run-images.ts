import { errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { AppFiles } from '../app-files.ts'
import type { AppRow } from '../app.entity.ts'
import type { WatchedContainer } from '../container-details.ts'
import type { OperationRun } from '../operation-run.ts'
import type { AppVersions } from '../versions/app-versions.ts'
import type { VersionImage } from '../versions/version.ts'
import type { HeldImages } from './held-images.ts'
import { writeOverlay } from './overlay.ts'

export type RunImages = ReturnType<typeof createRunImages>

/** The images of an app's versions: what the current one runs, and how an earlier one gets its own back. */
export function createRunImages(deps: {
  held: HeldImages
  versions: AppVersions
  files: Pick<AppFiles, 'directoryOf'>
  containersOf: (row: AppRow) => WatchedContainer[]
  /** Of how many healthy versions images are held. */
  heldVersions: number
  /** Whether the disk has so little room that only the last healthy version's images are held. */
  isDiskShort: () => Promise<boolean>
  log: Log
}) {
  const { held, versions } = deps

  /** A service that runs an image of before keeps what is known of it: its container may have only the name that holds it. */
  async function of(row: AppRow): Promise<VersionImage[]> {
    const before = await versions.images(row.id, row.version)
    const now = await held.ofContainers(deps.containersOf(row), row.wanted ?? null)
    return now.map((each) => before.find(({ service, id }) => service === each.service && id === each.id) ?? each)
  }

  /** Holding an image is a convenience for later, so its failure fails no deploy. */
  async function hold(row: AppRow, ran: VersionImage[]): Promise<void> {
    try {
      await held.hold(row.name, row.version, ran)
      const most = (await deps.isDiskShort()) ? 1 : deps.heldVersions
      await held.release(row.name, await versions.healthy(row.id, most))
    } catch (error) {
      deps.log.warn({ app: row.name, error: errorMessage(error) }, 'images not held for a rollback')
    }
  }

  return {
    of,

    /** The current version is healthy. */
    async settleHealthy(row: AppRow): Promise<void> {
      const ran = await of(row)
      await versions.settle(row.id, row.version, 'healthy', ran)
      await hold(row, ran)
    },

    /**
     * Makes Compose use the images that the current version ran with before, where their names lead to others now.
     *
     * @param isPulled newer images were asked for
     */
    async pin(row: AppRow, run: OperationRun, isPulled = false): Promise<void> {
      const ran = isPulled ? [] : await versions.images(row.id, row.version)
      const { pins, notes } = await held.pinning(row.name, row.version, ran)
      notes.forEach(run.line)
      await writeOverlay(deps.files.directoryOf(row.name), pins)
    },

    /** The app is gone. */
    releaseAll: (name: string): Promise<void> => held.release(name, []),
  }
}
