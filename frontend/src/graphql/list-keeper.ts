import type { Cache, DataFields, UpdateResolver } from '@urql/exchange-graphcache'

/** The cached pages of Query.nodes or Query.apps, in the order they were read. */
function pagesOf(cache: Cache, field: string): { connection: string; members: string[] }[] {
  return cache
    .inspectFields('Query')
    .filter((entry) => entry.fieldName === field)
    .map((entry) => cache.resolve('Query', entry.fieldKey))
    .filter((connection): connection is string => typeof connection === 'string')
    .map((connection) => ({ connection, members: (cache.resolve(connection, 'nodes') as string[] | undefined) ?? [] }))
}

const isLastPage = (cache: Cache, connection: string): boolean =>
  cache.resolve(cache.resolve(connection, 'pageInfo') as string, 'hasNextPage') === false

/**
 * Keeps Query.nodes or Query.apps complete as items come and go. Reading the cached pages reruns every query on them, so this
 * happens only for ids that are not known to be on a page.
 */
export function createListKeeper(typename: 'Node' | 'App', field: 'nodes' | 'apps') {
  const listed = new Set<string>()
  /** Whether the last page has been read. */
  let complete = false
  const keyOf = (cache: Cache, id: unknown): string => cache.keyOfEntity({ __typename: typename, id: String(id) }) ?? ''

  /** Called for each page as it is read. */
  const read: UpdateResolver = (page, _args, cache) => {
    for (const { id } of (page['nodes'] ?? []) as DataFields[]) listed.add(keyOf(cache, id))
    if ((page['pageInfo'] as DataFields | undefined)?.['hasNextPage'] === false) complete = true
  }

  /** Appends an item to the list. Does nothing until the last page is read, because the item then comes with its page. */
  function add(item: unknown, cache: Cache): void {
    const key = keyOf(cache, (item as DataFields | null)?.['id'])
    if (!item || !complete || listed.has(key)) return
    const last = pagesOf(cache, field).find((page) => isLastPage(cache, page.connection))
    if (!last) return
    listed.add(key)
    cache.link(last.connection, 'nodes', [...last.members, key])
  }

  function remove(id: unknown, cache: Cache): void {
    const key = keyOf(cache, id)
    listed.delete(key)
    for (const { connection, members } of pagesOf(cache, field).filter((page) => page.members.includes(key))) {
      cache.link(
        connection,
        'nodes',
        members.filter((member) => member !== key),
      )
    }
    cache.invalidate(key)
  }

  return { read, add, remove }
}
