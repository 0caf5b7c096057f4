import { cacheExchange } from '@urql/exchange-graphcache'
import type { Cache, KeyingConfig, UpdateResolver } from '@urql/exchange-graphcache'

const embedded = (): null => null

/** Types without an id live inside the thing that holds them; those of which there is one have a fixed key. */
const keys: KeyingConfig = {
  NodeStats: (stats) => stats['nodeId'] as string,
  Server: () => 'server',
  Viewer: () => 'viewer',
  Settings: () => 'settings',
  NodeConnection: embedded,
  NodeEdge: embedded,
  AppConnection: embedded,
  AppEdge: embedded,
  OperationConnection: embedded,
  OperationEdge: embedded,
  PageInfo: embedded,
  NodeCheck: embedded,
  AppOperation: embedded,
  PublishedPort: embedded,
  CpuStats: embedded,
  MemoryStats: embedded,
  DiskStats: embedded,
  DockerStats: embedded,
  ContainerStats: embedded,
}

type ListField = 'nodes' | 'apps'
type Lists = { connection: string; members: string[] }[]

/** The cached pages of Query.nodes or Query.apps, in the order in which they were read. */
function pagesOf(cache: Cache, field: ListField): Lists {
  return cache
    .inspectFields('Query')
    .filter((entry) => entry.fieldName === field)
    .map((entry) => cache.resolve('Query', entry.fieldKey))
    .filter((connection): connection is string => typeof connection === 'string')
    .map((connection) => ({ connection, members: (cache.resolve(connection, 'nodes') as string[] | undefined) ?? [] }))
}

/** Puts what arrived by a subscription or a mutation at the end of the list, unless a page has it already. */
function addToList(cache: Cache, field: ListField, key: string): void {
  const pages = pagesOf(cache, field)
  const last = pages.at(-1)
  if (last && !pages.some((page) => page.members.includes(key))) cache.link(last.connection, 'nodes', [...last.members, key])
}

function removeFromList(cache: Cache, field: ListField, key: string): void {
  for (const page of pagesOf(cache, field)) {
    if (!page.members.includes(key)) continue
    cache.link(
      page.connection,
      'nodes',
      page.members.filter((member) => member !== key),
    )
  }
  cache.invalidate(key)
}

const added =
  (typename: 'Node' | 'App', field: ListField, of: (result: Record<string, unknown>) => unknown): UpdateResolver =>
  (result, _args, cache) => {
    const item = of(result as Record<string, unknown>) as { id: string } | null | undefined
    const key = item && cache.keyOfEntity({ __typename: typename, id: item.id })
    if (key) addToList(cache, field, key)
  }

const removed =
  (typename: 'Node' | 'App', field: ListField, name: string): UpdateResolver =>
  (result, _args, cache) => {
    const key = cache.keyOfEntity({ __typename: typename, id: (result as Record<string, string>)[name] ?? '' })
    if (key) removeFromList(cache, field, key)
  }

export const createCache = () =>
  cacheExchange({
    keys,
    resolvers: {
      Query: {
        node: (_parent, args) => ({ __typename: 'Node', id: args['id'] as string }),
        operation: (_parent, args) => ({ __typename: 'Operation', id: args['id'] as string }),
      },
    },
    updates: {
      Mutation: {
        registerNode: added('Node', 'nodes', (result) => result['registerNode']),
        removeNode: removed('Node', 'nodes', 'removeNode'),
        createApp: added('App', 'apps', (result) => (result['createApp'] as { app?: unknown }).app),
      },
      Subscription: {
        nodeStatusChanged: added('Node', 'nodes', (result) => result['nodeStatusChanged']),
        nodeRemoved: removed('Node', 'nodes', 'nodeRemoved'),
        appChanged: added('App', 'apps', (result) => result['appChanged']),
        appRemoved: removed('App', 'apps', 'appRemoved'),
      },
    },
  })
