import type { Uptime } from '../../graphql/items.ts'

/**
 * The uptime after `elapsedMs` more in which the node was online throughout, or not at all. No event reports that time passes, so
 * a page works it out. What leaves a window meanwhile is ignored: a page reads the uptime again at each change of the status.
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
