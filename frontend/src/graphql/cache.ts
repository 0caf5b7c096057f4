import { cacheExchange } from '@urql/exchange-graphcache'
import type { Cache, DataFields, KeyingConfig, UpdateResolver } from '@urql/exchange-graphcache'

const embedded = (): null => null

/** Types without an id are embedded in their parent. Singletons have a fixed key. */
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
  AuditConnection: embedded,
  AuditEdge: embedded,
  ServerPrimary: embedded,
  PageInfo: embedded,
  NodeLabel: embedded,
  NodeSession: embedded,
  NodeHold: embedded,
  NodeCondition: embedded,
  NodeUptime: embedded,
  StatusChangeConnection: embedded,
  NodeCheck: embedded,
  CreatedApiToken: embedded,
  NewJoinToken: embedded,
  JoinCommands: embedded,
  PrimaryUrlOutcome: embedded,
  AppOperation: embedded,
  RemovalPreview: embedded,
  RemovalItem: embedded,
  PublishedPort: embedded,
  PreparedFolder: embedded,
  ComposeOnDisk: embedded,
  CpuStats: embedded,
  MemoryStats: embedded,
  DiskStats: embedded,
  DockerStats: embedded,
  ContainerStats: embedded,
}

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
function createListKeeper(typename: 'Node' | 'App', field: 'nodes' | 'apps') {
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

/** Makes short lists load again after something in them changed. */
const readAgain =
  (...fields: ('sessions' | 'apiTokens' | 'users' | 'settings' | 'joinTokens' | 'joinAttempts')[]): UpdateResolver =>
  (_result, _args, cache) => {
    for (const field of fields) cache.invalidate('Query', field)
  }

export function createCache() {
  const nodes = createListKeeper('Node', 'nodes')
  const apps = createListKeeper('App', 'apps')
  return cacheExchange({
    keys,
    resolvers: {
      Query: {
        // The server answers null for an unknown id.
        node: (_parent, args, cache) =>
          cache.resolve('Query', 'node', args) === null ? null : { __typename: 'Node', id: args['id'] as string },
        operation: (_parent, args) => ({ __typename: 'Operation', id: args['id'] as string }),
      },
    },
    updates: {
      NodeConnection: { nodes: nodes.read },
      AppConnection: { nodes: apps.read },
      Mutation: {
        registerNode: (result, _args, cache) => nodes.add(result['registerNode'], cache),
        removeNode: (result, _args, cache) => nodes.remove(result['removeNode'], cache),
        createApp: (result, _args, cache) => apps.add((result['createApp'] as DataFields)['app'], cache),
        revokeSession: readAgain('sessions'),
        createApiToken: readAgain('apiTokens'),
        revokeApiToken: readAgain('apiTokens'),
        removeUser: readAgain('users'),
        changePrimaryUrl: readAgain('settings'),
        createJoinToken: readAgain('joinTokens'),
        revokeJoinToken: readAgain('joinTokens'),
      },
      Subscription: {
        nodeStatusChanged: (result, _args, cache) => nodes.add(result['nodeStatusChanged'], cache),
        nodeRemoved: (result, _args, cache) => nodes.remove(result['nodeRemoved'], cache),
        appChanged: (result, _args, cache) => apps.add(result['appChanged'], cache),
        appRemoved: (result, _args, cache) => apps.remove(result['appRemoved'], cache),
        joinAttempted: readAgain('joinTokens', 'joinAttempts'),
      },
    },
  })
}
