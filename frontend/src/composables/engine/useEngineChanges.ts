import {
  containerActionMutation,
  pruneMutation,
  pullImageMutation,
  removeImageMutation,
  removeNetworkMutation,
  removeVolumeMutation,
} from '../../graphql/documents/engine.ts'
import type { ContainerAction, PruneKind } from '../../graphql/generated/graphql.ts'
import { picked, useMutate } from '../shared/useMutate.ts'

export type RemovableKind = 'image' | 'volume' | 'network'

/** What can be done with containers, images, volumes and networks. */
export function useEngineChanges() {
  const mutate = useMutate()
  return {
    act: (nodeId: string, containerId: string, action: ContainerAction) => mutate(containerActionMutation, { nodeId, containerId, action }),
    pull: async (nodeId: string, image: string) => picked(await mutate(pullImageMutation, { nodeId, image }), ({ pullImage }) => pullImage),
    remove: (kind: RemovableKind, nodeId: string, id: string) =>
      kind === 'image'
        ? mutate(removeImageMutation, { nodeId, id })
        : kind === 'volume'
          ? mutate(removeVolumeMutation, { nodeId, name: id })
          : mutate(removeNetworkMutation, { nodeId, id }),
    prune: async (nodeId: string, kind: PruneKind, items?: string[]) =>
      picked(await mutate(pruneMutation, { nodeId, kind, preview: items === undefined, items: items ?? null }), ({ prune }) => prune),
  }
}
