import type { EngineNetwork } from '../api/docker/engine.types.ts'
import { appActions } from '../api/user/apps.ts'
import type { SeenNetwork } from '../api/user/engine.ts'
import { action, builder } from './builder.ts'

/** A network that was just made has only the first three. */
export const NetworkRef = builder.objectRef<EngineNetwork & Partial<SeenNetwork>>('Network').implement({
  description: 'A network of Docker on one node.',
  fields: (t) => ({ id: t.exposeID('id'), name: t.exposeString('name'), driver: t.exposeString('driver') }),
})

builder.mutationFields((t) => ({
  createNetwork: t.field({
    type: NetworkRef,
    ...action(appActions.createNetwork),
    description: 'Makes a network on a node that apps can share as an external one. CONFLICT if the name is taken.',
    args: { nodeId: t.arg.id({ required: true }), name: t.arg.string({ required: true }) },
    resolve: (_root, { nodeId, name }, { user }) => user.apps.createNetwork(nodeId, name),
  }),
}))
