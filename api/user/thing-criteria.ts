import type { ContainerState } from '../apps/app.ts'
import type { SeenContainer, SeenImage, SeenNetwork, SeenVolume, ThingUser } from './engine.ts'
import { isFoundBy } from './found-by.ts'

/** Which containers someone asks for. What is left out does not limit. */
export interface ContainerCriteria {
  nodeIds?: readonly string[] | null | undefined
  states?: readonly ContainerState[] | null | undefined
  /** Words of the name, the image, the project, the app, the node, its labels or a published port. */
  search?: string | null | undefined
}

/** Which images, volumes or networks someone asks for. */
export interface ThingCriteria {
  nodeIds?: readonly string[] | null | undefined
  /** Part of a name. */
  search?: string | null | undefined
  /** Only those that no container uses. */
  unused?: boolean | null | undefined
}

/** @param wordsOf what a container is found by besides what it says of itself: its app and its node */
export function containersLike(
  found: SeenContainer[],
  { states, search }: ContainerCriteria,
  wordsOf: (container: SeenContainer) => (string | null | undefined)[],
): SeenContainer[] {
  const wanted = states && new Set(states)
  const isMatch = isFoundBy(search)
  return found
    .filter(({ state }) => !wanted || wanted.has(state))
    .filter((each) => isMatch(() => [each.name, each.image, each.project, ...each.ports.map(({ hostPort }) => hostPort), ...wordsOf(each)]))
}

export function thingsLike<T extends { usedBy: ThingUser[] }>(
  found: T[],
  { search, unused }: ThingCriteria,
  nameOf: (thing: T) => string,
): T[] {
  const part = search?.toLowerCase()
  return found.filter(({ usedBy }) => !unused || usedBy.length === 0).filter((each) => !part || nameOf(each).toLowerCase().includes(part))
}

/** What a thing is found and sorted by. Images with a name come first. */
export const nameOfImage = ({ tags, digests, id }: SeenImage): string => [...tags, ...digests].join(' ') || `~ ${id}`
export const nameOfVolume = ({ id }: SeenVolume): string => id
export const nameOfNetwork = ({ name }: SeenNetwork): string => name
