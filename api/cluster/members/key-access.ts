import type { Clock } from '../../clock.ts'
import type { ClusterNode } from './cluster-node.ts'
import type { NodeKeys } from './node-keys.ts'
import type { NodeHealth } from './node-status.ts'

/** What the rest of the program can do with nodes' keys. */
export function createKeyAccess(deps: {
  nodes: ReadonlyMap<string, ClusterNode>
  /** @throws NOT_FOUND */
  nodeOf: (id: string) => ClusterNode
  keys: NodeKeys
  clock: Clock
  onChange: (node: ClusterNode, before: NodeHealth) => void
  onKeyChanged: ((nodeId: string) => void) | undefined
}) {
  const { nodes, nodeOf, keys, clock } = deps

  return {
    /** The key shared with a node. Null for an unknown id. */
    keyOf: (id: string): string | null => keys.current(id),

    /** Every key a node may call with. More than one only during a key change. */
    keysOf: (id: string): string[] => keys.all(id),

    hasNextKey: (id: string): boolean => keys.next(id) !== null,
    isNextKey: (id: string, apiKey: string): boolean => keys.next(id) === apiKey,
    prepareKey: (id: string): Promise<string> => keys.prepare(nodeOf(id).id),
    dropNextKey: (id: string, next: string): Promise<void> => keys.drop(id, next),

    /** Call when the node has its next key. @returns false if `next` is no longer the next key */
    async promoteKey(id: string, next: string): Promise<boolean> {
      const node = nodeOf(id)
      const now = clock.now()
      if (!(await keys.promote(id, next, now)) || nodes.get(id) !== node) return false
      node.keyChangedAt = now
      deps.onChange({ ...node }, node.health)
      deps.onKeyChanged?.(id)
      return true
    },
  }
}
