/** Nodes lost within this window vanished "at once". Longer than it takes to notice a silent network drop on all of them. */
const vanishWindowMs = 30_000
/** With only one or two nodes, "most" says nothing: each may simply be down. */
const fewest = 3

/** A node that was online until `at` (milliseconds since 1970) and has not answered since. */
export interface Lost {
  id: string
  at: number
}

/**
 * Finds out whether most nodes vanished at once, in the window that ends at `moment`: at least three, and more than half of
 * those online before the window. In that case a failure of this primary's own network is more likely.
 *
 * @param up how many nodes are online
 * @returns the nodes that vanished and since when, or null if fewer than most did
 */
export function massVanish(lost: readonly Lost[], up: number, moment: number): { ids: string[]; since: number } | null {
  const begin = moment - vanishWindowMs
  const vanished = lost.filter(({ at }) => at > begin && at <= moment)
  // Nodes lost after the window were online before it.
  const online = vanished.length + up + lost.filter(({ at }) => at > moment).length
  if (vanished.length < fewest || vanished.length * 2 <= online) return null
  return { ids: vanished.map(({ id }) => id), since: Math.min(...vanished.map(({ at }) => at)) }
}

/** Whether most of the nodes answer again. At exactly half, the suspicion stays. */
export const isOver = (up: number, known: number): boolean => known === 0 || up * 2 > known
