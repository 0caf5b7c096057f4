import { unsure, well, type Verdict } from './alarm.ts'

export interface DiskSample {
  at: Date
  usedBytes: number
  totalBytes: number
}

const minute = 60_000
const hour = 60 * minute
/** Samples closer together than this say nothing new. */
export const spacingMs = 5 * minute
/** Looks this far back. Longer overlooks what has begun, shorter takes every large download for a trend. */
export const keptMs = 6 * hour
/** Nothing is said before this much is known. */
const leastMs = 2 * hour
const recentMs = hour
const fullWithinHours = 24
/** An alarm ends only beyond this, so that a rate around the limit does not raise it again and again. */
const clearHours = 36
/** A disk that is full no longer fills. From here on, an alarm stays. */
const almostFull = 0.95
const full = 0.985

/** Adds a sample to those that are kept, oldest first. */
export function withSample(samples: readonly DiskSample[], sample: DiskSample): DiskSample[] {
  const last = samples.at(-1)
  if (last && sample.at.getTime() - last.at.getTime() < spacingMs) return [...samples]
  // A disk that was replaced or enlarged starts anew.
  const same = last && last.totalBytes !== sample.totalBytes ? [] : samples
  return [...same, sample].filter(({ at }) => sample.at.getTime() - at.getTime() <= keptMs)
}

/**
 * The disk fills within a day at its present rate: the lower one of the last hour and of the last six, so that neither a burst
 * nor a growth that has ended counts. A disk that is full already counts too.
 *
 * @param now what it has at this moment @param samples of before, oldest first
 */
export function diskFills(name: string, samples: readonly DiskSample[], now: DiskSample): Verdict {
  if (now.totalBytes <= 0) return well
  const share = now.usedBytes / now.totalBytes
  if (share >= full) return { is: 'bad', since: now.at, message: `${name} is full: ${percent(share)} is used` }
  const [first] = samples
  if (!first || now.at.getTime() - first.at.getTime() < leastMs) return unsure
  const known = [...samples, now]
  const recent = known.filter(({ at }) => now.at.getTime() - at.getTime() <= recentMs)
  const perHour = Math.min(slopePerHour(known), slopePerHour(recent))
  const hours = perHour > 0 ? (now.totalBytes - now.usedBytes) / perHour : Infinity
  if (hours <= fullWithinHours) {
    const message = `${name} will be full in about ${hoursInWords(hours)} at its present rate: ${percent(share)} is used`
    return { is: 'bad', since: now.at, message }
  }
  return hours <= clearHours || share >= almostFull ? unsure : well
}

/** Bytes per hour, by least squares. */
function slopePerHour(samples: readonly DiskSample[]): number {
  const points = samples.map(({ at, usedBytes }) => ({ x: at.getTime() / hour, y: usedBytes }))
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [meanX, meanY] = [mean(points.map(({ x }) => x)), mean(points.map(({ y }) => y))]
  const above = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0)
  const below = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0)
  return below === 0 ? 0 : above / below
}

const percent = (share: number): string => `${Math.floor(share * 100)} %`
const hoursInWords = (hours: number): string => (hours < 1.5 ? 'an hour' : `${Math.round(hours)} hours`)
