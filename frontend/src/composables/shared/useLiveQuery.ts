import type { AnyVariables, TypedDocumentNode } from '@urql/core'
import { computed, onScopeDispose, shallowRef, toValue, watch } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import { toProblem } from '../../graphql/problem.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useServerConnection } from './useServerConnection.ts'

export type LoadState = 'loading' | 'ready' | 'failed'

/**
 * A query that follows the cache: subscriptions and mutations update `data`. Loads again after a lost connection, keeping the old
 * data until the new arrives, and when its variables change, dropping the old data at once.
 */
export function useLiveQuery<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: MaybeRefOrGetter<Variables>,
) {
  const { client, reconnects } = useServerConnection()
  const data = shallowRef<Data>()
  const problem = shallowRef<Problem>()
  let stop: (() => void) | undefined

  function read(requestPolicy: 'cache-and-network' | 'network-only' = 'network-only'): void {
    stop?.()
    problem.value = undefined
    const subscription = client.query(document, toValue(variables), { requestPolicy }).subscribe((result) => {
      if (result.data) data.value = result.data
      problem.value = result.error && toProblem(result.error)
    })
    stop = () => subscription.unsubscribe()
  }

  watch(
    () => JSON.stringify(toValue(variables)),
    (_now, before) => {
      if (before !== undefined) data.value = undefined
      read('cache-and-network')
    },
    { immediate: true },
  )
  watch(reconnects, () => read())
  onScopeDispose(() => stop?.())

  const state = computed<LoadState>(() => (data.value ? 'ready' : problem.value ? 'failed' : 'loading'))
  return { state, data, problem, retry: () => read() }
}
