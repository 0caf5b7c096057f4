/** Whether a node was online from `at` until the next switch. Times are in milliseconds since 1970. */
export interface OnlineSwitch {
  at: number
  online: boolean
}

/** From `from` up to `until`, in milliseconds since 1970. */
export interface Period {
  from: number
  until: number
}

/** A share (null if nothing was observed), and the observed time it is a share of. */
export interface Share {
  share: number | null
  observedMs: number
}

/**
 * The share (0 to 1) of the time in `window` that a node was online. Only time within `observed` and after the first switch
 * counts, either way. Also returns how long that was, in milliseconds; if it is 0, the share is null.
 *
 * @param switches in the order they were recorded. If a clock was set back their times are not ascending; where two switches
 *   cover the same moment, the one recorded later counts
 * @param observed must not overlap
 */
export function uptime(switches: readonly OnlineSwitch[], observed: readonly Period[], window: Period): Share {
  let [known, online] = [0, 0]
  let { until } = window
  for (const { at, online: wasOnline } of switches.toReversed()) {
    const held = overlapMs(observed, { from: Math.max(at, window.from), until })
    known += held
    if (wasOnline) online += held
    until = Math.min(until, at)
  }
  return { share: known === 0 ? null : online / known, observedMs: known }
}

const overlapMs = (periods: readonly Period[], { from, until }: Period): number =>
  periods.reduce((sum, period) => sum + Math.max(0, Math.min(period.until, until) - Math.max(period.from, from)), 0)
