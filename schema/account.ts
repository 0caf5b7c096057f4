import type { ApiToken } from '../api/auth/api-tokens.ts'
import type { Session } from '../api/auth/sessions.ts'
import { accountActions } from '../api/user/account.ts'
import { action, builder, permission } from './builder.ts'
import { Role } from './server.ts'

export const SessionRef = builder.objectRef<Session>('Session').implement({
  description: 'A signed-in browser.',
  fields: (t) => ({
    id: t.exposeID('id'),
    isCurrent: t.boolean({
      description: 'Whether this request uses this session.',
      resolve: ({ id }, _args, { user }) => id === user.caller.credentialId,
    }),
    createdAt: t.field({ type: 'DateTime', resolve: (session) => session.createdAt }),
    lastUsedAt: t.field({ type: 'DateTime', resolve: (session) => session.lastUsedAt }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When the session ends if it is not used until then.',
      resolve: (session) => session.expiresAt,
    }),
    address: t.exposeString('address'),
    userAgent: t.exposeString('userAgent'),
  }),
})

const ApiTokenRef = builder.objectRef<ApiToken>('ApiToken').implement({
  description: 'A bearer token for scripts. The token itself is not stored.',
  fields: (t) => ({
    id: t.exposeID('id'),
    name: t.exposeString('name'),
    owner: t.string({
      description: 'The account that owns the token: `machine` for tokens made on the server itself.',
      resolve: (token, _args, { user }) => user.account.ownerOf(token),
    }),
    scope: t.field({ type: Role, resolve: (token) => token.scope }),
    createdAt: t.field({ type: 'DateTime', resolve: (token) => token.createdAt }),
    expiresAt: t.field({ type: 'DateTime', resolve: (token) => token.expiresAt }),
    lastUsedAt: t.field({ type: 'DateTime', nullable: true, resolve: (token) => token.lastUsedAt }),
  }),
})

builder.queryFields((t) => ({
  sessions: t.field({
    type: [SessionRef],
    description: "The caller's own sessions, most recently used first.",
    ...permission('account.manage'),
    resolve: (_root, _args, { user }) => user.account.sessions(),
  }),
  apiTokens: t.field({
    type: [ApiTokenRef],
    description: "The caller's own tokens. Administrators also see those of the account `machine`.",
    ...permission('account.manage'),
    resolve: (_root, _args, { user }) => user.account.tokens(),
  }),
}))

const CreateApiTokenInput = builder.inputType('CreateApiTokenInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    scope: t.field({ type: Role, required: true, description: "Cannot be higher than the caller's own role." }),
    expiresInDays: t.int({ required: true, description: '1 to 366.' }),
  }),
})

const CreatedApiToken = builder.objectRef<{ token: ApiToken; secret: string }>('CreatedApiToken').implement({
  fields: (t) => ({
    token: t.field({ type: ApiTokenRef, resolve: ({ token }) => token }),
    secret: t.exposeString('secret', { description: 'The token itself. Shown only now.' }),
  }),
})

builder.mutationFields((t) => ({
  revokeSession: t.field({
    type: 'ID',
    ...action(accountActions.revokeSession),
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.account.revokeSession(id),
  }),
  signOutEverywhere: t.field({
    type: 'Boolean',
    description: "Ends all of the caller's sessions, including this one.",
    ...action(accountActions.signOutEverywhere),
    resolve: (_root, _args, { user }) => user.account.signOutEverywhere(),
  }),
  createApiToken: t.field({
    type: CreatedApiToken,
    ...action(accountActions.createApiToken),
    args: { input: t.arg({ type: CreateApiTokenInput, required: true }) },
    resolve: (_root, { input }, { user }) => user.account.createToken(input),
  }),
  revokeApiToken: t.field({
    type: 'ID',
    ...action(accountActions.revokeApiToken),
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.account.revokeToken(id),
  }),
}))
