import { chosenUpdates, isAskable, type KnownImage, type UpdateRule } from './chosen-updates.ts'
import type { HoldReason } from './hold-reasons.ts'
import type { ImageAnswer } from './image-state.ts'

export interface HeldUpdate {
  reason: HoldReason
  message: string
  since: Date
  /** When it ends, if time alone ends it. */
  until: Date | null
}

interface Situation extends UpdateRule {
  /** Whether the app should run. */
  shouldRun: boolean
  /** Since when Docker does not answer. */
  dockerAwaySince: Date | null
  /** Whether a window is open, and when the next one opens. */
  isOpen: boolean
  opensAt: Date | undefined
}

/** What an update by itself waits for, the least that time alone would change first. Null when there is nothing to wait for. */
export function heldUpdate(images: KnownImage[], situation: Situation): HeldUpdate | null {
  const { dockerAwaySince: since } = situation
  if (since && situation.shouldRun)
    return { reason: 'docker-away', message: 'Docker does not answer on the node, so nothing can be updated there', since, until: null }
  const known = images.filter(isAskable)
  const newer = known.flatMap(({ update, answer }) => (update.state === 'available' && answer ? [{ ...update, answer }] : []))
  const foundAt = earliest(newer.map(({ answer }) => answer))
  if (newer.length === 0 || !foundAt) return notChecked(known)
  const names = newer.map(({ service }) => service).join(', ')
  if (!situation.shouldRun)
    return { reason: 'stopped', message: `${names} can be updated, but the app is stopped`, since: foundAt, until: null }
  if (chosenUpdates(known, { ...situation, failed: [] }).length === 0) {
    const until = new Date(foundAt.getTime() + situation.minimumAgeMs)
    return { reason: 'too-young', message: `The newer image of ${names} is too young`, since: foundAt, until }
  }
  if (chosenUpdates(known, situation).length === 0) {
    return {
      reason: 'failed-before',
      message: `The app failed with the newer image of ${names}. It waits for a newer one`,
      since: foundAt,
      until: null,
    }
  }
  if (situation.isOpen) return null
  return {
    reason: 'outside-window',
    message: `${names} can be updated in the next window`,
    since: new Date(foundAt.getTime() + situation.minimumAgeMs),
    until: situation.opensAt ?? null,
  }
}

function notChecked(known: KnownImage[]): HeldUpdate | null {
  for (const { update, answer } of known) {
    if (update.state !== 'unknown' || !answer?.error) continue
    const message = `Whether ${update.service} can be updated could not be checked: ${answer.error}`
    return { reason: 'not-checked', message, since: answer.checkedAt ?? answer.askedAt, until: null }
  }
  return null
}

const earliest = (answers: ImageAnswer[]): Date | undefined =>
  answers.flatMap(({ foundAt }) => foundAt ?? []).toSorted((a, b) => a.getTime() - b.getTime())[0]
