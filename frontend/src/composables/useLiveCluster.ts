import type { TypedDocumentNode } from '@urql/core'
import { onScopeDispose } from 'vue'
import { appChanged, appRemoved } from '../graphql/apps.ts'
import { nodeRemoved, nodeStatusChanged } from '../graphql/nodes.ts'
import { serverChanged } from '../graphql/server.ts'
import { useBackend } from './useBackend.ts'

/** Keeps nodes, apps and this server current in the cache, for every page. The cache applies the events, so the handlers are empty. */
export function useLiveCluster(): void {
  const { client } = useBackend()
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
