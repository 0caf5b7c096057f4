import type { TypedDocumentNode } from '@urql/core'
import { computed, onScopeDispose, shallowRef, watch } from 'vue'
import { toProblem } from '../../graphql/problem.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useServerConnection } from './useServerConnection.ts'
import type { LoadState } from './useLiveQuery.ts'

/** The largest page the server allows. */
const pageSize = 500
/** A burst of changes, such as a subscription's snapshot, is shown once per frame instead of once per change. */
const gatherMs = 16

interface Page<Item> {
  nodes: Item[]
  pageInfo: { hasNextPage: boolean; endCursor?: string | null }
}

interface Loaded<Item> {
  pages: Item[][]
  complete: boolean
  /** The latest problem of each page. */
  problems: (Problem | undefined)[]
}

/**
 * Reads all pages of a connection in turn, as one live list. Each page follows the cache, so what subscriptions add, change or
 * remove shows at once. After a lost connection, all pages are read again.
 */
export function useLiveList<Data, Item extends { id: string }>(
  document: TypedDocumentNode<Data, { first: number; after?: string | null }>,
  pick: (data: Data) => Page<Item>,
) {
  const { client, reconnects } = useServerConnection()
  const loaded = shallowRef<Loaded<Item>>({ pages: [], complete: false, problems: [] })
  let next = loaded.value
  let timer: ReturnType<typeof setTimeout> | undefined
  let stops: (() => void)[] = []
  /** Index of the last page requested. */
  let opened = 0

  function change(values: Partial<Loaded<Item>>): void {
    next = { ...next, ...values }
    timer ??= setTimeout(() => {
      timer = undefined
      loaded.value = next
    }, gatherMs)
  }

  function readPage(index: number, after: string | null, requestPolicy: 'cache-and-network' | 'network-only'): void {
    opened = index
    const subscription = client.query(document, { first: pageSize, after }, { requestPolicy }).subscribe(({ data, error }) => {
      const problems = next.problems.slice()
      problems[index] = error && toProblem(error)
      change({ problems })
      if (!data) return
      const { nodes, pageInfo } = pick(data)
      const pages = next.pages.slice()
      pages[index] = nodes
      if (!pageInfo.hasNextPage) pages.length = index + 1
      change({ pages, complete: next.complete || !pageInfo.hasNextPage })
      if (pageInfo.hasNextPage && opened === index) readPage(index + 1, pageInfo.endCursor ?? null, requestPolicy)
    })
    stops[index] = () => subscription.unsubscribe()
  }

  function stop(): void {
    for (const each of stops) each()
    stops = []
  }

  function read(requestPolicy: 'cache-and-network' | 'network-only' = 'network-only'): void {
    stop()
    change({ problems: [] })
    readPage(0, null, requestPolicy)
  }

  read('cache-and-network')
  watch(reconnects, () => read())
  onScopeDispose(() => {
    stop()
    clearTimeout(timer)
  })

  // While pages are read again, an item that moved from one to another can be on both.
  const items = computed(() => [...new Map(loaded.value.pages.flat().map((item) => [item.id, item])).values()])
  const problem = computed(() => loaded.value.problems.find((each) => each !== undefined))
  const state = computed<LoadState>(() => (loaded.value.complete ? 'ready' : problem.value ? 'failed' : 'loading'))
  return { state, items, problem, retry: () => read() }
}
