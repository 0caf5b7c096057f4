import type { MadeAgain } from '../api/cluster/feed/app-copy.entity.ts'
import { appActions } from '../api/user/apps.ts'
import { AppOperationRef } from './apps.ts'
import { action, builder } from './builder.ts'
import { AppRef, NodeRef } from './refs.ts'

const MadeAgainRef = builder.objectRef<MadeAgain>('MadeAgain').implement({
  description: 'Where an app was made again while its own node was down.',
  fields: (t) => ({
    node: t.field({ type: NodeRef, nullable: true, resolve: ({ nodeId }, _args, { user }) => user.nodes.find(nodeId) ?? null }),
    appId: t.id({
      nullable: true,
      description: 'The new app. Null until it is known that the node has accepted it.',
      resolve: ({ appId, outcome }) => (outcome === 'made' ? appId : null),
    }),
    failed: t.boolean({
      description: 'Whether the node never began. It can be asked again.',
      resolve: ({ outcome }) => outcome === 'failed',
    }),
    by: t.exposeString('by'),
    at: t.field({ type: 'DateTime', resolve: ({ at }) => new Date(at) }),
    stoppedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When this app was stopped because its own node had returned. Null while that is still down.',
      resolve: ({ stoppedAt }) => (stoppedAt === null ? null : new Date(stoppedAt)),
    }),
  }),
})

builder.objectFields(AppRef, (t) => ({
  madeAgain: t.field({ type: MadeAgainRef, nullable: true, resolve: ({ id }, _args, { user }) => user.apps.madeAgain(id) }),
}))

builder.mutationFields((t) => ({
  recreateApp: t.field({
    type: AppOperationRef,
    ...action(appActions.recreateApp),
    description:
      "Makes an app again on another node, from the primary's copy of its current version. CONFLICT while its own node is online. Data in volumes and folders does not come along. When its own node returns, the app is stopped there, once it runs on the other node.",
    args: { id: t.arg.id({ required: true }), nodeId: t.arg.id({ required: true }) },
    resolve: (_root, { id, nodeId }, { user }) => user.apps.recreateApp(id, nodeId),
  }),
}))
