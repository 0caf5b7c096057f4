import type { AnyVariables, TypedDocumentNode } from '@urql/core'
import { computed, onScopeDispose, shallowRef, toValue, watch } from 'vue'
import type { MaybeRefOrGetter } from 'vue'
import { toProblem } from '../graphql/problem.ts'
import type { Problem } from '../graphql/problem.ts'
import { useBackend } from './useBackend.ts'

export type LoadState = 'loading' | 'ready' | 'failed'

/**
 * A query that follows the cache: subscriptions and mutations that change what it shows change `data`. Reads again when its
 * variables change and after a lost connection came back. Old data stays while newer data is on its way.
 */
export function useLiveQuery<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: MaybeRefOrGetter<Variables>,
) {
  const { client, reconnects } = useBackend()
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
