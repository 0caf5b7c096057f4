import type { Caller } from '../api/auth/caller.ts'
import type { PrimaryContactState } from '../api/cluster/home/primary-contact.ts'
import type { StorageProblem } from '../api/storage.ts'
import type { ServerInfo } from '../api/user/server.ts'
import { BackupStateRef } from './backups.ts'
import { builder } from './builder.ts'

const AccessMode = builder.enumType('AccessMode', {
  description: 'Who can use this server: people who sign in, or everyone the edge in front lets through.',
  values: { TRUSTED_EDGE: { value: 'trusted-edge' }, SIGN_IN: { value: 'sign-in' } } as const,
})

export const Role = builder.enumType('Role', {
  description: 'From least to most powerful. Each role can do everything the ones before it can.',
  values: { VIEWER: { value: 'viewer' }, OPERATOR: { value: 'operator' }, ADMIN: { value: 'admin' } } as const,
})

const Viewer = builder.objectRef<Caller>('Viewer').implement({
  description: 'The caller.',
  fields: (t) => ({
    name: t.exposeString('name'),
    role: t.field({ type: Role, resolve: (caller) => caller.role }),
    via: t.exposeString('via', { description: 'How the caller was identified: edge, session or token.' }),
    userId: t.exposeID('userId', { nullable: true, description: 'Null for callers without an account.' }),
    permissions: t.stringList({
      description: 'What the caller can do on this server. Clients should offer nothing else.',
      resolve: (_caller, _args, { user }) => user.account.permissions(),
    }),
    accessMode: t.field({ type: AccessMode, resolve: (_caller, _args, { user }) => user.server.info().accessMode }),
  }),
})

const AcceptedPrimary = builder.objectRef<{ id: string; at: Date }>('AcceptedPrimary').implement({
  description: "The node that last proved this secondary's key.",
  fields: (t) => ({ id: t.exposeID('id'), at: t.field({ type: 'DateTime', resolve: (accepted) => accepted.at }) }),
})

const ServerPrimary = builder.objectRef<PrimaryContactState>('ServerPrimary').implement({
  description: "The state of a secondary's calls to its primary.",
  fields: (t) => ({
    url: t.exposeString('url'),
    reachable: t.exposeBoolean('reachable', {
      nullable: true,
      description: 'Whether it accepted the last call. Null before the first.',
    }),
    since: t.field({ type: 'DateTime', description: 'Since when `reachable` has this value.', resolve: ({ since }) => since }),
    error: t.exposeString('error', { nullable: true, description: 'Why it did not answer or accept the last call. Null if it did.' }),
  }),
})

const StorageProblemRef = builder.objectRef<StorageProblem>('StorageProblem').implement({
  description: 'The reason why a node cannot save anything, such as a full disk.',
  fields: (t) => ({
    reason: t.exposeString('reason'),
    since: t.field({ type: 'DateTime', resolve: ({ since }) => since }),
  }),
})

const Server = builder.objectRef<ServerInfo>('Server').implement({
  description: 'The node that answers this query.',
  fields: (t) => ({
    version: t.exposeString('version'),
    nodeId: t.exposeID('nodeId'),
    name: t.exposeString('name'),
    isPrimary: t.exposeBoolean('isPrimary'),
    accessMode: t.field({ type: AccessMode, resolve: (server) => server.accessMode }),
    doctorCommand: t.exposeString('doctorCommand', { description: 'Looks at this node from its own shell, as `doctor` does here.' }),
    acceptedPrimary: t.field({
      type: AcceptedPrimary,
      nullable: true,
      description: 'On a secondary: the node it last accepted as its primary.',
      resolve: (server) => server.acceptedPrimary,
    }),
    primary: t.field({
      type: ServerPrimary,
      nullable: true,
      description: 'On a secondary: whether its primary answers. Null on a primary.',
      resolve: (server) => server.primary,
    }),
    storageProblem: t.field({
      type: StorageProblemRef,
      nullable: true,
      description: 'Why this node cannot save anything now. Null if it can.',
      resolve: (server) => server.storageProblem,
    }),
    backup: t.field({ type: BackupStateRef, resolve: ({ backup }) => backup }),
  }),
})

builder.queryFields((t) => ({
  viewer: t.field({ type: Viewer, nullable: true, resolve: (_root, _args, { user }) => user.caller }),
  server: t.field({ type: Server, resolve: (_root, _args, { user }) => user.server.info() }),
}))

builder.subscriptionFields((t) => ({
  serverChanged: t.field({
    type: Server,
    description: 'This server as it is now, then each change.',
    subscribe: (_root, _args, { user }) => user.server.watch(),
    resolve: (server) => server,
  }),
}))
