import { unsure, well, type Verdict } from './alarm.ts'

/** Stats travel for seconds at most, so what differs by more is the clock. */
const offMs = 60_000
/** An alarm ends only when the clock is closer than this. */
const rightMs = 30_000
/** As many samples in a row must say so: one can have waited somewhere. */
export const agreeing = 3

/**
 * A node's clock differs from this one's.
 *
 * @param offsetsMs how far the last samples were ahead (or, if negative, behind) when they arrived, oldest first
 */
export function clockIsOff(nodeName: string, offsetsMs: readonly number[], now: Date): Verdict {
  const last = offsetsMs.at(-1)
  if (last === undefined) return unsure
  if (Math.abs(last) < rightMs) return well
  const recent = offsetsMs.slice(-agreeing)
  if (recent.length < agreeing) return unsure
  const isAhead = recent.every((each) => each > offMs)
  const isBehind = recent.every((each) => each < -offMs)
  if (!isAhead && !isBehind) return unsure
  const message =
    `The clock of ${nodeName} is ${spanInWords(Math.abs(last))} ${isAhead ? 'ahead of' : 'behind'} the primary's. ` +
    'Correct the wrong one, for example with `timedatectl set-ntp true`'
  return { is: 'bad', since: now, message }
}

function spanInWords(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 120) return `${seconds} seconds`
  const minutes = Math.round(seconds / 60)
  return minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`
}
