import { shallowRef, toValue, watch } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import { composeProjectsQuery } from '../../graphql/documents/import.ts'
import type { FoundProject, NodeItem } from '../../graphql/items.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'

export interface ProjectOnNode {
  node: NodeItem
  project: FoundProject
}

/** Compose projects that run on nodes and are not apps. Nodes that cannot say so are left out, because this is only a suggestion. */
export function useFoundProjects(nodes: MaybeRefOrGetter<NodeItem[]>) {
  const { client } = useServerConnection()
  const found = shallowRef<ProjectOnNode[]>([])

  const asked = (): NodeItem[] =>
    toValue(nodes).filter(({ status, capabilities }) => status === 'ONLINE' && capabilities.includes('app-import'))

  async function readOne(node: NodeItem): Promise<ProjectOnNode[]> {
    const { data } = await client.query(composeProjectsQuery, { nodeId: node.id }, { requestPolicy: 'network-only' }).toPromise()
    return data?.composeProjects.map((project) => ({ node, project })) ?? []
  }

  async function read(): Promise<void> {
    found.value = (await Promise.all(asked().map(readOne))).flat()
  }

  watch(
    () =>
      asked()
        .map(({ id }) => id)
        .join(),
    read,
    { immediate: true },
  )
  return { found, read }
}
