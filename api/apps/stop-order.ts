interface Stoppable {
  service: string | null
  dependsOn: string[]
}

/**
 * Containers in the order in which they are stopped: each group when the one before it has ended, those that others need last.
 * Services that need one another in a circle end together.
 */
export function stopOrder<T extends Stoppable>(containers: T[]): T[][] {
  const groups: T[][] = []
  let left = containers
  while (left.length > 0) {
    const needed = new Set(left.flatMap(({ service, dependsOn }) => dependsOn.filter((name) => name !== service)))
    const free = left.filter(({ service }) => service === null || !needed.has(service))
    const group = free.length > 0 ? free : left
    groups.push(group)
    left = left.filter((container) => !group.includes(container))
  }
  return groups
}
