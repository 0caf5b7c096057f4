import type { Inventory, KnownStats } from '../cluster/feed/inventory.ts'
import type { WatchedNodes } from '../cluster/watched-nodes.ts'
import { notFound } from '../errors.ts'
import type { Access } from './access.ts'

/** The stats of the nodes that a caller sees. */
export function createUserMonitoring(deps: { access: Access; inventory: Inventory; watched: WatchedNodes; nodeIds: () => string[] }) {
  const { access, inventory, watched } = deps
  const { sight } = access

  const statsOf = (nodeId: string): KnownStats =>
    sight.sees(nodeId) ? inventory.statsOf(nodeId) : { nodeId, state: 'error', error: `There is no node with id ${nodeId}`, stats: null }

  return {
    statsOf,
    /** The current stats of every node, then each measurement, as often as nodes measure by themselves. */
    watchAll: () =>
      access.watch('stats', {
        now: () => deps.nodeIds().filter(sight.sees).map(statsOf),
        seen: (id) => (sight.sees(id) ? statsOf(id) : undefined),
        keyOf: ({ nodeId }) => nodeId,
      }),
    /**
     * The current stats of a node, then each change; every second, because somebody looks.
     *
     * @param appId of the containers, only those of this app
     * @throws NOT_FOUND
     */
    watch(nodeId: string, appId: string | null = null) {
      sight.node(nodeId)
      const app = appId === null ? null : sight.app(appId)
      if (appId !== null && app?.nodeId !== nodeId) throw notFound('app', appId)
      const shown = (): KnownStats => (app ? onlyOf(app.name, statsOf(nodeId)) : statsOf(nodeId))
      return access.watch('stats', {
        now: () => [shown()],
        seen: (id) => (id === nodeId ? shown() : undefined),
        keyOf: () => nodeId,
        while: () => watched.join(nodeId),
      })
    },
  }
}

const onlyOf = (app: string, known: KnownStats): KnownStats => ({
  ...known,
  stats: known.stats && { ...known.stats, containers: known.stats.containers.filter(({ appName }) => appName === app) },
})
