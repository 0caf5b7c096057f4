import type { WantedService } from './wanted-services.ts'

interface Stoppable {
  service: string | null
  dependsOn: string[]
}

/** Compose 1 does not say on its containers what they need; the deployed file does, where Compose could read it. */
export function withNeeds<T extends Stoppable>(
  containers: T[],
  wanted: Pick<WantedService, 'name' | 'dependsOn'>[] | null | undefined,
): T[] {
  const needs = new Map((wanted ?? []).map(({ name, dependsOn }) => [name, dependsOn ?? []]))
  return containers.map((container) =>
    container.dependsOn.length > 0 ? container : { ...container, dependsOn: needs.get(container.service ?? '') ?? [] },
  )
}

/**
 * Groups containers in the order to stop them: each group after the one before it has stopped, dependents first. Services that
 * depend on each other in a circle are in the same group.
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
