import type { TypedDocumentNode } from '@urql/core'
import { useDebounceFn } from '@vueuse/core'
import { containersQuery, imagesQuery, networksQuery, thingsChanged, volumesQuery } from '../../graphql/documents/engine.ts'
import type { ThingKind } from '../../graphql/generated/graphql.ts'
import { useEvents } from '../shared/useEvents.ts'
import { useLiveList } from '../shared/useLiveList.ts'

/** Things change in bursts, and the list is read again as a whole. */
const readAgainAfterMs = 1000

interface Page<Item> {
  nodes: Item[]
  pageInfo: { hasNextPage: boolean; endCursor?: string | null }
}

/** All things of one kind, live: of one node, or of all. */
function useThings<Data, Item extends { id: string; nodeId?: string | null }>(
  kind: ThingKind,
  document: TypedDocumentNode<Data, { first: number; after?: string | null; nodeIds?: string[] | string | null }>,
  pick: (data: Data) => Page<Item>,
  nodeId: string | undefined,
) {
  const list = useLiveList(document, pick, {
    variables: { nodeIds: nodeId === undefined ? null : [nodeId] },
    // Two nodes have the same image under the same id.
    keyOf: (thing) => `${thing.nodeId ?? ''} ${thing.id}`,
  })
  const readSoon = useDebounceFn(list.retry, readAgainAfterMs, { maxWait: 3 * readAgainAfterMs })
  useEvents(thingsChanged, {}, ({ thingsChanged: changed }) => {
    // Who uses an image, a volume or a network is said by containers.
    const concerns = changed.kind === kind || changed.kind === 'CONTAINER'
    if (concerns && (nodeId === undefined || changed.nodeId === nodeId)) void readSoon()
  })
  return list
}

type OfNode = string | undefined

export const useContainers = (nodeId: OfNode) => useThings('CONTAINER', containersQuery, (data) => data.containers, nodeId)
export const useImages = (nodeId: OfNode) => useThings('IMAGE', imagesQuery, (data) => data.images, nodeId)
export const useVolumes = (nodeId: OfNode) => useThings('VOLUME', volumesQuery, (data) => data.volumes, nodeId)
export const useNetworks = (nodeId: OfNode) => useThings('NETWORK', networksQuery, (data) => data.networks, nodeId)
