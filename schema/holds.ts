import type { NodeHold } from '../api/cluster/members/hold-rules.ts'
import { nodeActions } from '../api/user/nodes.ts'
import { action, builder } from './builder.ts'
import { NodeRef } from './refs.ts'

const NodeHoldRef = builder.objectRef<NodeHold>('NodeHold').implement({
  description: 'A state that a person set on a node, independent of its health.',
  fields: (t) => ({
    since: t.field({ type: 'DateTime', resolve: (hold) => hold.since }),
    by: t.exposeString('by'),
    reason: t.exposeString('reason', { nullable: true }),
    until: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it ends automatically. Null if someone has to end it.',
      resolve: (hold) => hold.until,
    }),
  }),
})

builder.objectFields(NodeRef, (t) => ({
  cordon: t.field({
    type: NodeHoldRef,
    nullable: true,
    description: 'Set while the node takes no new apps.',
    resolve: (node) => node.cordon,
  }),
  maintenance: t.field({
    type: NodeHoldRef,
    nullable: true,
    description: 'Set while the node raises no alarms.',
    resolve: (node) => node.maintenance,
  }),
}))

builder.mutationFields((t) => ({
  cordonNode: t.field({
    type: NodeRef,
    ...action(nodeActions.cordonNode),
    description: 'Stops new apps on this node. Existing apps keep running and can be changed. Call it again to change the reason.',
    args: { id: t.arg.id({ required: true }), reason: t.arg.string() },
    resolve: (_root, { id, reason }, { user }) => user.nodes.cordon(id, reason),
  }),
  uncordonNode: t.field({
    type: NodeRef,
    ...action(nodeActions.uncordonNode),
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.nodes.uncordon(id),
  }),
  startMaintenance: t.field({
    type: NodeRef,
    ...action(nodeActions.startMaintenance),
    description:
      'Silences alarms for this node until `until` or until someone ends it. Health checks go on. Call it again to change the reason or end.',
    args: { id: t.arg.id({ required: true }), reason: t.arg.string(), until: t.arg({ type: 'DateTime' }) },
    resolve: (_root, { id, reason, until }, { user }) => user.nodes.startMaintenance(id, { reason, until }),
  }),
  endMaintenance: t.field({
    type: NodeRef,
    ...action(nodeActions.endMaintenance),
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.nodes.endMaintenance(id),
  }),
}))
