import type { AccessMode as AccessModeValue } from '../api/config.ts'
import type { Services } from '../api/services.ts'
import { builder } from './builder.ts'

const AccessMode = builder.enumType('AccessMode', {
  description: 'Who may use this server: only its own machine, whoever the edge in front lets through, or who signs in.',
  values: { LOCAL_ONLY: { value: 'local-only' }, TRUSTED_EDGE: { value: 'trusted-edge' }, SIGN_IN: { value: 'sign-in' } } as const,
})

const Viewer = builder.objectRef<{ name: string; accessMode: AccessModeValue }>('Viewer').implement({
  description: 'Who is asking.',
  fields: (t) => ({ name: t.exposeString('name'), accessMode: t.field({ type: AccessMode, resolve: (viewer) => viewer.accessMode }) }),
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
  viewer: t.field({
    type: Viewer,
    nullable: true,
    resolve: (_root, _args, { services: { config } }) => ({
      name: config.access.mode === 'local-only' ? 'local' : 'edge',
      accessMode: config.access.mode,
    }),
  }),
  server: t.field({ type: Server, resolve: (_root, _args, { services }) => services }),
}))
