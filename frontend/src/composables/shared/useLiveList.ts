import type { TypedDocumentNode } from '@urql/core'
import { computed, onScopeDispose, watch } from 'vue'
import { toProblem } from '../../graphql/problem.ts'
import type { Problem } from '../../graphql/problem.ts'
import { useGatheredState } from './useGatheredState.ts'
import type { LoadState } from './useLiveQuery.ts'
import { useServerConnection } from './useServerConnection.ts'

/** The largest page the server allows. */
const pageSize = 500

type RequestPolicy = 'cache-and-network' | 'network-only'

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
  const { shown: loaded, latest, change } = useGatheredState<Loaded<Item>>({ pages: [], complete: false, problems: [] })
  let stops: (() => void)[] = []
  /** Index of the last page requested. */
  let opened = 0

  function take(index: number, { nodes, pageInfo }: Page<Item>): void {
    const pages = latest().pages.slice()
    pages[index] = nodes
    if (!pageInfo.hasNextPage) pages.length = index + 1
    change({ pages, complete: latest().complete || !pageInfo.hasNextPage })
  }

  function readPage(index: number, after: string | null, requestPolicy: RequestPolicy): void {
    opened = index
    const subscription = client.query(document, { first: pageSize, after }, { requestPolicy }).subscribe(({ data, error }) => {
      const problems = latest().problems.slice()
      problems[index] = error && toProblem(error)
      change({ problems })
      if (!data) return
      const page = pick(data)
      take(index, page)
      if (page.pageInfo.hasNextPage && opened === index) readPage(index + 1, page.pageInfo.endCursor ?? null, requestPolicy)
    })
    stops[index] = () => subscription.unsubscribe()
  }

  function stop(): void {
    for (const each of stops) each()
    stops = []
  }

  function read(requestPolicy: RequestPolicy = 'network-only'): void {
    stop()
    change({ problems: [] })
    readPage(0, null, requestPolicy)
  }

  read('cache-and-network')
  watch(reconnects, () => read())
  onScopeDispose(stop)

  // While pages are read again, an item that moved from one to another can be on both.
  const items = computed(() => [...new Map(loaded.value.pages.flat().map((item) => [item.id, item])).values()])
  const problem = computed(() => loaded.value.problems.find((each) => each !== undefined))
  const state = computed<LoadState>(() => (loaded.value.complete ? 'ready' : problem.value ? 'failed' : 'loading'))
  return { state, items, problem, retry: () => read() }
}
