import type { AccessMode as AccessModeValue } from '../api/config.ts'
import { may, type Caller } from '../api/auth/caller.ts'
import { leastRole, type Permission } from '../api/auth/permissions.ts'
import type { Services } from '../api/services.ts'
import { builder } from './builder.ts'

const AccessMode = builder.enumType('AccessMode', {
  description: 'Who may use this server: only its own machine, whoever the edge in front lets through, or who signs in.',
  values: { LOCAL_ONLY: { value: 'local-only' }, TRUSTED_EDGE: { value: 'trusted-edge' }, SIGN_IN: { value: 'sign-in' } } as const,
})

export const Role = builder.enumType('Role', {
  description: 'From least to most; each may do all that the ones before it may.',
  values: { VIEWER: { value: 'viewer' }, OPERATOR: { value: 'operator' }, ADMIN: { value: 'admin' } } as const,
})

const Viewer = builder.objectRef<Caller>('Viewer').implement({
  description: 'Who is asking.',
  fields: (t) => ({
    name: t.exposeString('name'),
    role: t.field({ type: Role, resolve: (caller) => caller.role }),
    via: t.exposeString('via', { description: 'How that is known: local, edge, session or token.' }),
    userId: t.exposeID('userId', { nullable: true, description: 'Null for callers that are nobody in particular.' }),
    permissions: t.stringList({
      description: 'What the caller may do, so that nothing else is offered.',
      resolve: (caller) => (Object.keys(leastRole) as Permission[]).filter((permission) => may(caller, permission)),
    }),
    accessMode: t.field({ type: AccessMode, resolve: (_caller, _args, { services }): AccessModeValue => services.config.access.mode }),
  }),
})

const AcceptedPrimary = builder.objectRef<{ id: string; at: Date }>('AcceptedPrimary').implement({
  description: "Who last proved this secondary's key.",
  fields: (t) => ({ id: t.exposeID('id'), at: t.field({ type: 'DateTime', resolve: (accepted) => accepted.at }) }),
})

const Server = builder.objectRef<Services>('Server').implement({
  description: 'The node that answers.',
  fields: (t) => ({
    version: t.string({ resolve: ({ version }) => version }),
    nodeId: t.id({ resolve: ({ self }) => self.id }),
    isPrimary: t.boolean({ resolve: ({ self }) => self.isPrimary }),
    accessMode: t.field({ type: AccessMode, resolve: ({ config }) => config.access.mode }),
    acceptedPrimary: t.field({
      type: AcceptedPrimary,
      nullable: true,
      description: 'On a secondary: whom it last accepted as its primary.',
      resolve: (services) => services.acceptedPrimary(),
    }),
  }),
})

builder.queryFields((t) => ({
  viewer: t.field({ type: Viewer, nullable: true, resolve: (_root, _args, { user }) => user.caller }),
  server: t.field({ type: Server, resolve: (_root, _args, { services }) => services }),
}))
