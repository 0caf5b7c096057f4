import type { TypedDocumentNode } from '@urql/core'
import { computed, onScopeDispose, shallowRef, watch } from 'vue'
import { toProblem } from '../graphql/problem.ts'
import type { Problem } from '../graphql/problem.ts'
import { useBackend } from './useBackend.ts'
import type { LoadState } from './useLiveQuery.ts'

/** The most that the server gives at once. */
const pageSize = 500

interface Page<Item> {
  nodes: Item[]
  pageInfo: { hasNextPage: boolean; endCursor?: string | null }
}

/**
 * Every page of a connection, one after the other, as one live list. Each page follows the cache, so what subscriptions add,
 * change or remove shows at once. After a lost connection every page is read again.
 */
export function useLivePages<Data, Item>(
  document: TypedDocumentNode<Data, { first: number; after?: string | null }>,
  pick: (data: Data) => Page<Item>,
) {
  const { client, reconnects } = useBackend()
  const pages = shallowRef<Item[][]>([])
  const complete = shallowRef(false)
  const problem = shallowRef<Problem>()
  let stops: (() => void)[] = []
  /** The last page that was asked for. */
  let opened = 0

  function readPage(index: number, after: string | null, requestPolicy: 'cache-and-network' | 'network-only'): void {
    opened = index
    const subscription = client.query(document, { first: pageSize, after }, { requestPolicy }).subscribe((result) => {
      problem.value = result.error && toProblem(result.error)
      if (!result.data) return
      const { nodes, pageInfo } = pick(result.data)
      const next = pages.value.slice()
      next[index] = nodes
      if (!pageInfo.hasNextPage) next.length = index + 1
      pages.value = next
      if (!pageInfo.hasNextPage) complete.value = true
      else if (opened === index) readPage(index + 1, pageInfo.endCursor ?? null, requestPolicy)
    })
    stops[index] = () => subscription.unsubscribe()
  }

  function read(requestPolicy: 'cache-and-network' | 'network-only' = 'network-only'): void {
    for (const stop of stops) stop()
    stops = []
    readPage(0, null, requestPolicy)
  }

  read('cache-and-network')
  watch(reconnects, () => read())
  onScopeDispose(() => {
    for (const stop of stops) stop()
  })

  const items = computed(() => pages.value.flat())
  const state = computed<LoadState>(() => (complete.value ? 'ready' : problem.value ? 'failed' : 'loading'))
  return { state, items, problem, retry: () => read() }
}
