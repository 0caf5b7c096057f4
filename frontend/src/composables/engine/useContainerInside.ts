import type { MaybeRefOrGetter } from 'vue'
import { toValue } from 'vue'
import { containerDetailsQuery, containerInspectionQuery, containerProcessesQuery } from '../../graphql/documents/engine.ts'
import type { NodeContainerItem } from '../../graphql/items.ts'
import { useLiveQuery } from '../shared/useLiveQuery.ts'

type Container = MaybeRefOrGetter<NodeContainerItem>

const placeOf = (container: Container) => () => {
  const { nodeId, id } = toValue(container)
  return { nodeId: nodeId ?? '', containerId: id }
}

/** What is inside a container, asked of its node. */
export const useContainerDetails = (container: Container) => useLiveQuery(containerDetailsQuery, placeOf(container))
export const useContainerProcesses = (container: Container) => useLiveQuery(containerProcessesQuery, placeOf(container))
export const useContainerInspection = (container: Container) => useLiveQuery(containerInspectionQuery, placeOf(container))
