/** Nodes that vanish within this time of one another vanish "at once": longer than a silent drop takes to be seen on all of them. */
const vanishWindowMs = 30_000
/** Of one or two nodes "most" means nothing: each of them may well be down by itself. */
const fewest = 3

/** A node that was online until `at` (milliseconds since 1970) and has not answered since. */
export interface Lost {
  id: string
  at: number
}

/**
 * Whether most nodes vanished at once, by `moment`: at least three, and more than half of those that were online before the
 * window. Then it is more likely that this primary's own network failed than that they all did.
 *
 * @param up nodes that are online
 * @returns who vanished, and since when; null when it was not most of them
 */
export function massVanish(lost: readonly Lost[], up: number, moment: number): { ids: string[]; since: number } | null {
  const begin = moment - vanishWindowMs
  const vanished = lost.filter(({ at }) => at > begin && at <= moment)
  // Who was lost after the window was online before it.
  const online = vanished.length + up + lost.filter(({ at }) => at > moment).length
  if (vanished.length < fewest || vanished.length * 2 <= online) return null
  return { ids: vanished.map(({ id }) => id), since: Math.min(...vanished.map(({ at }) => at)) }
}

/** Whether most of those that were online before it answer again. At exactly half it stays as it is. */
export const isOver = (up: number, known: number): boolean => known === 0 || up * 2 > known
