import type { NodeItem } from '../../graphql/items.ts'
import { labelText } from '../shared/labels.ts'

/** A node, as its containers, images, volumes and networks need it. */
export type Place = Pick<NodeItem, 'id' | 'name' | 'labels' | 'capabilities'>
/** By id. */
export type Places = Map<string, Place>

export const placesOf = (nodes: Place[]): Places => new Map(nodes.map((node) => [node.id, node]))

export const placeName = (places: Places, { nodeId }: { nodeId?: string | null }): string => places.get(nodeId ?? '')?.name ?? 'Node'

/** What a search finds the things of a node by. */
export function wordsOfPlace(places: Places, { nodeId }: { nodeId?: string | null }): string[] {
  const node = places.get(nodeId ?? '')
  return node ? [node.name, ...node.labels.map(labelText)] : []
}
