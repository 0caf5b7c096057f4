import type { Container } from '../../apps/app.ts'
import { unsure, well, type Verdict } from './alarm.ts'

/**
 * This many restarts by its restart policy within this time are a loop. Docker waits up to a minute between two, so a loop
 * that goes on has more. A service that crashes now and then has fewer.
 */
export const loop = { times: 4, withinMs: 10 * 60_000 }

type Seen = Pick<Container, 'id' | 'service' | 'restartCount'>

/** Counts how often the containers of one app restart by themselves. @param from when watching began */
export function createRestartCounts(from: Date) {
  const containers = new Map<string, { service: string; count: number; at: number[] }>()

  return {
    /** The app's containers as they are now. Those that are gone are forgotten: another one starts anew. */
    look(seen: readonly Seen[], now: Date): void {
      const ids = new Set(seen.map(({ id }) => id))
      for (const id of containers.keys()) if (!ids.has(id)) containers.delete(id)
      for (const { id, service, restartCount } of seen) {
        if (restartCount === null) continue
        const known = containers.get(id)
        // Started by hand, its count begins again, and so does this one.
        if (!known || restartCount < known.count) containers.set(id, { service, count: restartCount, at: [] })
        else if (restartCount > known.count) {
          // One report can stand for several restarts, more than which say nothing new.
          const more = Array<number>(Math.min(restartCount - known.count, loop.times)).fill(now.getTime())
          known.count = restartCount
          known.at = [...known.at, ...more].slice(-50)
        }
      }
    },

    /** The services of which a container restarts in a loop now. */
    loops(now: Date): Set<string> {
      const since = now.getTime() - loop.withinMs
      return new Set(
        [...containers.values()].flatMap(({ service, at }) => (at.filter((each) => each > since).length < loop.times ? [] : service)),
      )
    },

    /** Whether a container restarts in a loop, until none has restarted for a while. */
    verdict(appName: string, now: Date): Verdict {
      const since = now.getTime() - loop.withinMs
      const restarts = [...containers.values()].map(({ service, at }) => ({ service, at: at.filter((each) => each > since) }))
      const worst = restarts.reduce<(typeof restarts)[number] | null>((a, b) => (a && a.at.length >= b.at.length ? a : b), null)
      const [first] = worst?.at ?? []
      if (worst === null || first === undefined) return now.getTime() - from.getTime() < loop.withinMs ? unsure : well
      if (worst.at.length < loop.times) return unsure
      const message = `${appName}: service ${worst.service} keeps restarting, ${worst.at.length} times within 10 minutes`
      return { is: 'bad', since: new Date(first), message }
    },
  }
}
