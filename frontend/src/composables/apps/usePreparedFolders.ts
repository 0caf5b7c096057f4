import { shallowRef, toValue, watch } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import { preparedFoldersQuery } from '../../graphql/documents/apps.ts'
import type { PreparedFolder } from '../../graphql/items.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'

/** A node's folders that are not apps yet. Empty if the node cannot list them, because they are only a suggestion. */
export function usePreparedFolders(nodeId: MaybeRefOrGetter<string>) {
  const { client } = useServerConnection()
  const folders = shallowRef<PreparedFolder[]>([])
  watch(
    () => toValue(nodeId),
    async (id) => {
      folders.value = []
      if (!id) return
      const { data } = await client.query(preparedFoldersQuery, { nodeId: id }, { requestPolicy: 'network-only' }).toPromise()
      if (toValue(nodeId) === id) folders.value = data?.preparedFolders ?? []
    },
    { immediate: true },
  )
  return folders
}
