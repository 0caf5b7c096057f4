import type { ImageAnswer } from './image-state.ts'
import type { ImageUpdate } from './image-update.ts'

/** The digests that an app runs or ran with, by service. */
export type ImageSet = Record<string, string>

/** A service's image, with what the registry said about it. */
export interface KnownImage {
  update: ImageUpdate
  answer: ImageAnswer | null
}

export interface UpdateRule {
  now: Date
  minimumAgeMs: number
  /** Images with which the app failed. */
  failed: ImageSet[]
}

/** Whether a registry is asked about it. */
export const isAskable = ({ update }: KnownImage): boolean => update.state !== 'pinned' && update.state !== 'local'

/** A service, and the digests that stand for the image that it is to run. */
interface Target {
  service: string
  digests: string[]
}

/**
 * The services that can be updated without anyone looking: those whose newer image is old enough, unless all images together are
 * those with which the app failed.
 *
 * The age counts from when the registry was first seen to name the image. The time in the image itself is what its maker claims.
 */
export function chosenUpdates(known: KnownImage[], { now, minimumAgeMs, failed }: UpdateRule): string[] {
  const isRipe = ({ update, answer }: KnownImage): boolean =>
    update.state === 'available' && now.getTime() - (answer?.foundAt?.getTime() ?? Infinity) >= minimumAgeMs
  const ripe = known.filter(isRipe)
  const targets = known.map((each) => ({
    service: each.update.service,
    digests: ripe.includes(each) ? (each.answer?.same ?? []) : each.update.digests,
  }))
  const chosen = new Set(ripe.map(({ update }) => update.service))
  return failed.some((set) => isSame(targets, chosen, set)) ? [] : [...chosen]
}

/** A service that had no container when the version failed says nothing, but at least one of the new images must have been there. */
function isSame(targets: Target[], chosen: ReadonlySet<string>, set: ImageSet): boolean {
  const had = ({ service, digests }: Target): boolean => digests.includes(set[service] ?? '')
  return targets.some((each) => chosen.has(each.service) && had(each)) && targets.every((each) => !(each.service in set) || had(each))
}
