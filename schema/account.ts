import type { ApiToken } from '../api/auth/api-tokens.ts'
import type { Session } from '../api/auth/sessions.ts'
import type { KnownUser } from '../api/auth/users.ts'
import { builder, permission } from './builder.ts'
import { Role } from './viewer.ts'

const SessionRef = builder.objectRef<Session>('Session').implement({
  description: 'A signed-in browser.',
  fields: (t) => ({
    id: t.exposeID('id'),
    isCurrent: t.boolean({ description: 'The one that asks.', resolve: ({ id }, _args, { user }) => id === user.caller.credentialId }),
    createdAt: t.field({ type: 'DateTime', resolve: (session) => session.createdAt }),
    lastUsedAt: t.field({ type: 'DateTime', resolve: (session) => session.lastUsedAt }),
    expiresAt: t.field({ type: 'DateTime', description: 'Unless it is used before.', resolve: (session) => session.expiresAt }),
    address: t.exposeString('address'),
    userAgent: t.exposeString('userAgent'),
  }),
})

const ApiTokenRef = builder.objectRef<ApiToken>('ApiToken').implement({
  description: 'A bearer token for scripts; the token itself is not kept.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    owner: t.string({
      description: 'The account that it belongs to: `machine` for one that was made on the machine of the server.',
      resolve: (token, _args, { user }) => user.ownerOf(token),
    }),
    scope: t.field({ type: Role, resolve: (token) => token.scope }),
    createdAt: t.field({ type: 'DateTime', resolve: (token) => token.createdAt }),
    expiresAt: t.field({ type: 'DateTime', resolve: (token) => token.expiresAt }),
    lastUsedAt: t.field({ type: 'DateTime', nullable: true, resolve: (token) => token.lastUsedAt }),
  }),
})

const UserRef = builder.objectRef<KnownUser>('User').implement({
  description: 'A person who signed in at least once and may still do so.',
  fields: (t) => ({
    id: t.exposeID('id'),
    provider: t.exposeString('provider'),
    login: t.exposeString('login'),
    name: t.exposeString('name', { nullable: true }),
    email: t.exposeString('email', { nullable: true }),
    groups: t.exposeStringList('groups'),
    role: t.field({ type: Role, resolve: (user) => user.role }),
    nodeLimit: t.stringList({
      nullable: true,
      description: 'Label sets such as env=lab,team=web: only nodes with all labels of one of them. Null: every node.',
      resolve: ({ nodeLimit }) =>
        nodeLimit?.map((set) =>
          Object.entries(set)
            .map(([key, value]) => `${key}=${value}`)
            .join(','),
        ),
    }),
    createdAt: t.field({ type: 'DateTime', resolve: (user) => user.createdAt }),
    lastSignInAt: t.field({ type: 'DateTime', resolve: (user) => user.lastSignInAt }),
  }),
})

builder.queryFields((t) => ({
  sessions: t.field({
    type: [SessionRef],
    description: "The caller's own signed-in browsers, the last used first.",
    ...permission('account.manage'),
    resolve: (_root, _args, { user }) => user.sessions(),
  }),
  apiTokens: t.field({
    type: [ApiTokenRef],
    description: "The caller's own tokens, and for administrators those of the account `machine`.",
    ...permission('account.manage'),
    resolve: (_root, _args, { user }) => user.apiTokens(),
  }),
  users: t.field({
    type: [UserRef],
    description: 'By login.',
    ...permission('users.manage'),
    resolve: (_root, _args, { user }) => user.users(),
  }),
}))

const CreateApiTokenInput = builder.inputType('CreateApiTokenInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    scope: t.field({ type: Role, required: true, description: "No more than the caller's own role." }),
    expiresInDays: t.int({ required: true, description: '1 to 366.' }),
  }),
})

const CreatedApiToken = builder.objectRef<{ token: ApiToken; secret: string }>('CreatedApiToken').implement({
  fields: (t) => ({
    token: t.field({ type: ApiTokenRef, resolve: ({ token }) => token }),
    secret: t.exposeString('secret', { description: 'Shown now and never again.' }),
  }),
})

builder.mutationFields((t) => ({
  revokeSession: t.field({
    type: 'ID',
    ...permission('account.manage'),
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.revokeSession(id),
  }),
  signOutEverywhere: t.field({
    type: 'Boolean',
    description: "Ends all of the caller's sessions, this one included.",
    ...permission('account.manage'),
    resolve: (_root, _args, { user }) => user.signOutEverywhere(),
  }),
  createApiToken: t.field({
    type: CreatedApiToken,
    ...permission('account.manage'),
    args: { input: t.arg({ type: CreateApiTokenInput, required: true }) },
    resolve: (_root, { input }, { user }) => user.createApiToken(input),
  }),
  revokeApiToken: t.field({
    type: 'ID',
    ...permission('account.manage'),
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.revokeApiToken(id),
  }),
  removeUser: t.field({
    type: 'ID',
    description: 'Forgets an account with its sessions and tokens. Take it off the allow list to keep it out.',
    ...permission('users.manage'),
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.removeUser(id),
  }),
}))
