/** From then on a node was online, or was not, until the next turn. Times are in milliseconds since 1970. */
export interface Turn {
  at: number
  online: boolean
}

/** From `from` up to `until`, in milliseconds since 1970. */
export interface Period {
  from: number
  until: number
}

/** A share means little without what it is a share of. */
export interface Share {
  share: number | null
  observedMs: number
}

/**
 * The share, 0 to 1, of the time in `window` that a node was online, of the time in which anybody looked and knew of it:
 * what lies outside of `observed`, or before the first turn, counts neither way. With it goes how much time that is, in
 * milliseconds; of none the share is null.
 *
 * @param turns in the order in which they were said, which is not that of their times when a clock was put back: of what
 *   was said twice of one moment the later word counts
 * @param observed without overlaps
 */
export function uptime(turns: readonly Turn[], observed: readonly Period[], window: Period): Share {
  let [known, online] = [0, 0]
  let { until } = window
  for (const turn of turns.toReversed()) {
    const held = overlapMs(observed, { from: Math.max(turn.at, window.from), until })
    known += held
    if (turn.online) online += held
    until = Math.min(until, turn.at)
  }
  return { share: known === 0 ? null : online / known, observedMs: known }
}

const overlapMs = (periods: readonly Period[], { from, until }: Period): number =>
  periods.reduce((sum, period) => sum + Math.max(0, Math.min(period.until, until) - Math.max(period.from, from)), 0)
