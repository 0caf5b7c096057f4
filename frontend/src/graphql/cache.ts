import { cacheExchange } from '@urql/exchange-graphcache'
import type { Cache, DataFields, KeyingConfig, UpdateResolver } from '@urql/exchange-graphcache'
import { createListKeeper } from './list-keeper.ts'

const embedded = (): null => null
const ofNode = ({ id, nodeId }: DataFields): string => (nodeId ? `${String(nodeId)} ${String(id)}` : String(id))

/** Types without an id are embedded in their parent. Singletons have a fixed key. */
const keys: KeyingConfig = {
  NodeStats: (stats) => stats['nodeId'] as string,
  Server: () => 'server',
  Viewer: () => 'viewer',
  Settings: () => 'settings',
  Backups: () => 'backups',
  BackupState: embedded,
  BackupFailure: embedded,
  BackupFile: embedded,
  DoctorFinding: embedded,
  LogBatch: embedded,
  LogLine: embedded,
  NodeConnection: embedded,
  NodeEdge: embedded,
  AppConnection: embedded,
  AppEdge: embedded,
  OperationConnection: embedded,
  OperationEdge: embedded,
  AuditConnection: embedded,
  ContainerConnection: embedded,
  ContainerEdge: embedded,
  ImageConnection: embedded,
  ImageEdge: embedded,
  VolumeConnection: embedded,
  VolumeEdge: embedded,
  NetworkConnection: embedded,
  NetworkEdge: embedded,
  // Two nodes have the same image under the same id.
  Container: ofNode,
  Image: ofNode,
  Volume: ofNode,
  Network: ofNode,
  ThingUser: embedded,
  ThingLabel: embedded,
  ThingSize: embedded,
  ThingsChanged: embedded,
  ContainerDetails: embedded,
  ContainerMount: embedded,
  ContainerAddress: embedded,
  ContainerHealthOutput: embedded,
  ContainerProcesses: embedded,
  DiskUsage: embedded,
  PruneResult: embedded,
  PruneItem: embedded,
  KeptThing: embedded,
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
  OwnSignIn: embedded,
  NewSecondFactor: embedded,
  PasskeyChallenge: embedded,
  NewInvitation: embedded,
  NewJoinToken: embedded,
  JoinCommands: embedded,
  PrimaryUrlOutcome: embedded,
  AppOperation: embedded,
  RemovalPreview: embedded,
  RemovalItem: embedded,
  PublishedPort: embedded,
  PreparedFolder: embedded,
  ComposeOnDisk: embedded,
  FileOnDisk: embedded,
  ComposeProject: embedded,
  ImportPreview: embedded,
  MadeAgain: embedded,
  EnvironmentVariable: embedded,
  AppFile: embedded,
  Allowance: embedded,
  ImageUpdate: embedded,
  AutoUpdate: embedded,
  RegistryCredential: ({ registry }) => registry as string,
  RegistryRateLimit: embedded,
  NotificationEmail: embedded,
  AppVersion: embedded,
  AppVersionConnection: embedded,
  AppVersionEdge: embedded,
  VersionImage: embedded,
  AppValidation: embedded,
  ComposeProblem: embedded,
  PolicyFinding: embedded,
  ComposeVariable: embedded,
  CpuStats: embedded,
  MemoryStats: embedded,
  DiskStats: embedded,
  NetworkStats: embedded,
  AppStatusCount: embedded,
  NodeStatusCount: embedded,
  RecentEvent: embedded,
  RecentUsage: embedded,
  History: embedded,
  HistorySeries: embedded,
  HistoryMetric: embedded,
  HistoryMark: embedded,
  Timeline: embedded,
  TimelineEntry: embedded,
  DockerStats: embedded,
  ContainerStats: embedded,
}

/** Makes short lists load again after something in them changed. */
const readAgain =
  (
    ...fields: (
      | 'registryCredentials'
      | 'notificationChannels'
      | 'sessions'
      | 'apiTokens'
      | 'users'
      | 'ownSignIn'
      | 'invitations'
      | 'settings'
      | 'joinTokens'
      | 'joinAttempts'
    )[]
  ): UpdateResolver =>
  (_result, _args, cache) => {
    for (const field of fields) cache.invalidate('Query', field)
  }

const changesOfLists = {
  revokeSession: readAgain('sessions'),
  createApiToken: readAgain('apiTokens'),
  revokeApiToken: readAgain('apiTokens'),
  removeUser: readAgain('users'),
  confirmSecondFactor: readAgain('ownSignIn'),
  removeSecondFactor: readAgain('ownSignIn'),
  addPasskey: readAgain('ownSignIn'),
  removePasskey: readAgain('ownSignIn'),
  inviteUser: readAgain('invitations'),
  withdrawInvitation: readAgain('invitations'),
  changePrimaryUrl: readAgain('settings'),
  setRegistryCredential: readAgain('registryCredentials'),
  createNotificationChannel: readAgain('notificationChannels'),
  updateNotificationChannel: readAgain('notificationChannels'),
  removeNotificationChannel: readAgain('notificationChannels'),
  testNotificationChannel: readAgain('notificationChannels'),
  createJoinToken: readAgain('joinTokens'),
  revokeJoinToken: readAgain('joinTokens'),
}

/** A page can be opened before the primary has heard of its new app, and then was told that there is none. */
function askAgainForMissing(cache: Cache, { id }: { id: string }): void {
  if (cache.resolve('Query', 'app', { id }) === null) cache.invalidate('Query', 'app', { id })
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
        ...changesOfLists,
      },
      Subscription: {
        nodeStatusChanged: (result, _args, cache) => nodes.add(result['nodeStatusChanged'], cache),
        nodeRemoved: (result, _args, cache) => nodes.remove(result['nodeRemoved'], cache),
        appChanged: (result, _args, cache) => {
          apps.add(result['appChanged'], cache)
          askAgainForMissing(cache, result['appChanged'] as { id: string })
        },
        appRemoved: (result, _args, cache) => apps.remove(result['appRemoved'], cache),
        joinAttempted: readAgain('joinTokens', 'joinAttempts'),
        usersChanged: readAgain('users', 'invitations'),
      },
    },
  })
}
