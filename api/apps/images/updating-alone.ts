import type { Clock } from '../../clock.ts'
import type { AppRecords } from '../app-records.ts'
import type { AppOperation, AppWork } from '../app-work.ts'
import type { AppRow } from '../app.entity.ts'
import type { WatchedContainer } from '../container-details.ts'
import type { AppVersions } from '../versions/app-versions.ts'
import type { AppImages } from './app-images.ts'
import { chosenUpdates, isAskable, type ImageSet, type KnownImage } from './chosen-updates.ts'
import type { ImageUpdating } from './update-images.ts'

/** The author of what automatic updates do. */
export const autoUpdateAuthor = 'automatic update'

/** What registries said within this time is enough to see that nothing is newer. The primary asks every 6 hours. */
const freshMs = 8 * 3_600_000

export interface OutsideOfApps {
  /** Asks registries now about an app's images. */
  check: (appId: string) => Promise<void>
  /** Writes what starts an operation to the audit log. */
  audited: (app: { id: string; name: string }, start: () => Promise<AppOperation>) => Promise<AppOperation>
}

export type UpdatingAlone = ReturnType<typeof createUpdatingAlone>

/** Updates an app's images without a person, the same way as for one. */
export function createUpdatingAlone(deps: {
  clock: Clock
  records: Pick<AppRecords, 'find'>
  versions: Pick<AppVersions, 'failedImages'>
  images: Pick<AppImages, 'known'>
  containersOf: (row: AppRow) => WatchedContainer[]
  work: Pick<AppWork, 'shouldRun'>
  isBusy: (row: AppRow) => boolean
  updateImages: ImageUpdating['updateImages']
}) {
  const { clock } = deps

  function isOld({ answer }: KnownImage): boolean {
    return answer === null || clock.now().getTime() - answer.askedAt.getTime() > freshMs
  }

  return {
    /** The images of the versions of an app that failed, newest first. */
    async failed(appId: string): Promise<ImageSet[]> {
      const ofVersions = await deps.versions.failedImages(appId)
      return ofVersions
        .map((images) => Object.fromEntries(images.flatMap(({ service, digest }) => (digest === null ? [] : [[service, digest]]))))
        .filter((set) => Object.keys(set).length > 0)
    },

    /**
     * Starts an update if one is due.
     *
     * @returns whether that is all: false if the app is busy, or some image could not be looked at and nothing was updated
     * @throws what starting it may throw
     */
    async attempt(appId: string, rule: { minimumAgeMs: number; failed: ImageSet[] }, outside: OutsideOfApps): Promise<boolean> {
      const row = deps.records.find(appId)
      if (!row || !deps.work.shouldRun(row)) return true
      if (deps.isBusy(row)) return false
      const known = (): KnownImage[] => deps.images.known(row, deps.containersOf(row)).filter(isAskable)
      const chosen = (): string[] => chosenUpdates(known(), { ...rule, now: clock.now() })
      if (known().some(isOld)) await outside.check(appId)
      // Tags move: what is pulled is what the registry names now.
      if (chosen().length > 0) await outside.check(appId)
      const services = chosen()
      if (services.length === 0) return known().every(({ update }) => update.state !== 'unknown')
      const judged = Object.fromEntries(
        known().flatMap(({ update: { service }, answer }) => (answer && services.includes(service) ? [[service, answer.same]] : [])),
      )
      await outside.audited(row, () => deps.updateImages(appId, services, { author: autoUpdateAuthor, judged }))
      return true
    },
  }
}
