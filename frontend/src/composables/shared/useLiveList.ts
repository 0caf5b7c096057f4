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

/** What is loaded after an answer about one page. */
function withAnswer<Item>(loaded: Loaded<Item>, index: number, page: Page<Item> | undefined, problem: Problem | undefined): Loaded<Item> {
  const problems = loaded.problems.slice()
  problems[index] = problem
  if (!page) return { ...loaded, problems }
  const pages = loaded.pages.slice()
  pages[index] = page.nodes
  const isLast = !page.pageInfo.hasNextPage
  if (isLast) pages.length = index + 1
  return { pages, problems, complete: loaded.complete || isLast }
}

/** While pages are read again, an item that moved from one to another can be on both. */
const itemsOf = <Item>(pages: Item[][], keyOf: (item: Item) => string): Item[] => [
  ...new Map(pages.flat().map((item) => [keyOf(item), item])).values(),
]

/**
 * Reads all pages of a connection in turn, as one live list. Each page follows the cache, so what subscriptions add, change or
 * remove shows at once. After a lost connection, all pages are read again.
 */
export function useLiveList<Data, Item extends { id: string }, More extends object = object>(
  document: TypedDocumentNode<Data, { first: number; after?: string | null } & More>,
  pick: (data: Data) => Page<Item>,
  { variables, keyOf = ({ id }) => id }: { variables?: More; keyOf?: (item: Item) => string } = {},
) {
  const { client, reconnects } = useServerConnection()
  const { shown: loaded, latest, change } = useGatheredState<Loaded<Item>>({ pages: [], complete: false, problems: [] })
  const stops: (() => void)[] = []
  /** Index of the last page requested. */
  let opened = 0

  function readPage(index: number, after: string | null, requestPolicy: RequestPolicy): void {
    opened = index
    const subscription = client
      .query(document, { first: pageSize, after, ...variables } as { first: number; after: string | null } & More, { requestPolicy })
      .subscribe(({ data, error }) => {
        const page = data && pick(data)
        change(withAnswer(latest(), index, page, error && toProblem(error)))
        if (page?.pageInfo.hasNextPage && opened === index) readPage(index + 1, page.pageInfo.endCursor ?? null, requestPolicy)
      })
    stops[index] = () => subscription.unsubscribe()
  }

  function stop(): void {
    for (const each of stops.splice(0)) each()
  }

  function read(requestPolicy: RequestPolicy = 'network-only'): void {
    stop()
    change({ problems: [] })
    readPage(0, null, requestPolicy)
  }

  read('cache-and-network')
  watch(reconnects, () => read())
  onScopeDispose(stop)

  const items = computed(() => itemsOf(loaded.value.pages, keyOf))
  const problem = computed(() => loaded.value.problems.find((each) => each !== undefined))
  const state = computed<LoadState>(() => (loaded.value.complete ? 'ready' : problem.value ? 'failed' : 'loading'))
  return { state, items, problem, retry: () => read() }
}
