import type { Clock } from '../../clock.ts'
import type { KnownStats } from '../feed/inventory.ts'

/**
 * What a node says in its stats that is part of its details: its versions, whether Docker answers there and since when, whether it can
 * save anything, and its safety policy for apps.
 *
 * @param onChange called when any of that changed, so that viewers hear of it without receiving every sample
 */
export function createReportedDetails(deps: { statsOf: (nodeId: string) => KnownStats; onChange: (nodeId: string) => void; clock: Clock }) {
  const { statsOf, clock } = deps
  const told = new Map<string, string>()
  const awaySince = new Map<string, Date>()

  return {
    statsChanged(nodeId: string): void {
      const { stats } = statsOf(nodeId)
      const docker = stats?.docker
      if (!docker || docker.available) awaySince.delete(nodeId)
      else if (!awaySince.has(nodeId)) awaySince.set(nodeId, clock.now())
      const now = JSON.stringify([
        docker?.version,
        docker?.composeVersion,
        docker?.available,
        docker?.error,
        stats?.storageProblem,
        stats?.composePolicy,
      ])
      if (told.get(nodeId) === now) return
      told.set(nodeId, now)
      deps.onChange(nodeId)
    },

    /** Why Docker does not answer there, and since when. Null if it answers. */
    of(nodeId: string): { reason: string; since: Date } | null {
      const { stats } = statsOf(nodeId)
      if (!stats || stats.docker.available) return null
      return { reason: stats.docker.error ?? '', since: awaySince.get(nodeId) ?? stats.asOf }
    },

    forget(nodeId: string): void {
      told.delete(nodeId)
      awaySince.delete(nodeId)
    },
  }
}
