import type { Inventory, KnownStats } from '../cluster/feed/inventory.ts'
import type { Access } from './access.ts'

/** The stats of the nodes that a caller sees. */
export function createUserMonitoring({ access, inventory }: { access: Access; inventory: Inventory }) {
  const { sight } = access

  const statsOf = (nodeId: string): KnownStats =>
    sight.sees(nodeId) ? inventory.statsOf(nodeId) : { nodeId, state: 'error', error: `There is no node with id ${nodeId}`, stats: null }

  return {
    statsOf,
    /** The current stats of a node, then each change. @throws NOT_FOUND */
    watch(nodeId: string) {
      sight.node(nodeId)
      return access.watch('stats', {
        now: () => [statsOf(nodeId)],
        seen: (id) => (id === nodeId ? statsOf(id) : undefined),
        keyOf: () => nodeId,
      })
    },
  }
}
