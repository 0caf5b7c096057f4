import type { TypedDocumentNode } from '@urql/core'
import { onScopeDispose } from 'vue'
import { appChanged, appRemoved } from '../../graphql/documents/apps.ts'
import { nodeRemoved, nodeStatusChanged } from '../../graphql/documents/nodes.ts'
import { serverChanged } from '../../graphql/documents/server.ts'
import { useServerConnection } from '../shared/useServerConnection.ts'

/** Keeps nodes, apps and this server current in the cache, for every page. The cache applies the events, so the handlers are empty. */
export function useClusterUpdates(): void {
  const { client } = useServerConnection()
  const follow = <Data>(document: TypedDocumentNode<Data, Record<string, never>>): void => {
    const subscription = client.subscription(document, {}).subscribe(() => {})
    onScopeDispose(() => subscription.unsubscribe())
  }
  follow(nodeStatusChanged)
  follow(nodeRemoved)
  follow(appChanged)
  follow(appRemoved)
  follow(serverChanged)
}
