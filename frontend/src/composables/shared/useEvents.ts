import type { AnyVariables, TypedDocumentNode } from '@urql/core'
import { onScopeDispose } from 'vue'
import { useServerConnection } from './useServerConnection.ts'

/** Stays subscribed as long as the component. Without `onEvent` the events are for the cache, which applies them by itself. */
export function useEvents<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  onEvent: (data: Data) => void = () => {},
): void {
  const { client } = useServerConnection()
  const subscription = client.subscription(document, variables).subscribe(({ data }) => {
    if (data) onEvent(data)
  })
  onScopeDispose(() => subscription.unsubscribe())
}
