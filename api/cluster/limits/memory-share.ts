/** Limits how many things of one kind, and how much in total, are kept per node. */
export function createMemoryShares({ mostThings, mostWeight }: { mostThings: number; mostWeight: number }) {
  const nodes = new Map<string, { weights: Map<string, number>; total: number }>()

  const shareOf = (nodeId: string) => {
    const share = nodes.get(nodeId) ?? { weights: new Map<string, number>(), total: 0 }
    nodes.set(nodeId, share)
    return share
  }

  return {
    /** Whether a thing fits, replacing the stored one with the same id. */
    fits(nodeId: string, id: string, weight: number): boolean {
      const { weights, total } = shareOf(nodeId)
      const before = weights.get(id)
      return weights.size + (before === undefined ? 1 : 0) <= mostThings && total - (before ?? 0) + weight <= mostWeight
    },

    isOver(nodeId: string): boolean {
      const { weights, total } = shareOf(nodeId)
      return weights.size > mostThings || total > mostWeight
    },

    put(nodeId: string, id: string, weight: number): void {
      const share = shareOf(nodeId)
      share.total += weight - (share.weights.get(id) ?? 0)
      share.weights.set(id, weight)
    },

    remove(nodeId: string, id: string): void {
      const share = shareOf(nodeId)
      share.total -= share.weights.get(id) ?? 0
      share.weights.delete(id)
    },

    /** The ids of everything kept for a node. */
    idsOf: (nodeId: string): string[] => [...(nodes.get(nodeId)?.weights.keys() ?? [])],

    forget: (nodeId: string): void => void nodes.delete(nodeId),
  }
}
