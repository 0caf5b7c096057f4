import type { Uptime } from '../../graphql/items.ts'

/**
 * The uptime `elapsedMs` later, if the node was online the whole time or not at all. No event reports that time passes, so the page
 * computes it. Time that leaves a window is ignored, because the page reads the uptime again at each status change.
 */
export function uptimeAfter(uptime: Uptime, elapsedMs: number, isOnline: boolean): Uptime {
  const moved = (share: number | null, observedMs: number) => {
    // A node that has never been online is not observed.
    if (share === null && !isOnline) return { share, observedMs }
    const all = observedMs + elapsedMs
    return { share: all === 0 ? null : ((share ?? 0) * observedMs + (isOnline ? elapsedMs : 0)) / all, observedMs: all }
  }
  const [day, week, month] = [
    moved(uptime.day, uptime.dayObservedMs),
    moved(uptime.week, uptime.weekObservedMs),
    moved(uptime.month, uptime.monthObservedMs),
  ]
  return {
    ...uptime,
    ...{ day: day.share, dayObservedMs: day.observedMs },
    ...{ week: week.share, weekObservedMs: week.observedMs },
    ...{ month: month.share, monthObservedMs: month.observedMs },
  }
}
