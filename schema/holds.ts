import type { NodeHold } from '../api/nodes/node-hold.ts'
import { builder, permission } from './builder.ts'
import { NodeRef } from './refs.ts'

const NodeHoldRef = builder.objectRef<NodeHold>('NodeHold').implement({
  description: 'What a person has said of a node, beside its health.',
  fields: (t) => ({
    since: t.field({ type: 'DateTime', resolve: (hold) => hold.since }),
    by: t.exposeString('by'),
    reason: t.exposeString('reason', { nullable: true }),
    until: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it ends by itself; null: when somebody ends it.',
      resolve: (hold) => hold.until,
    }),
  }),
})

builder.objectFields(NodeRef, (t) => ({
  cordon: t.field({
    type: NodeHoldRef,
    nullable: true,
    description: 'Null: apps may be created on it.',
    resolve: (node) => node.cordon,
  }),
  maintenance: t.field({ type: NodeHoldRef, nullable: true, description: 'Null: alarms are raised.', resolve: (node) => node.maintenance }),
}))

builder.mutationFields((t) => ({
  cordonNode: t.field({
    type: NodeRef,
    ...permission('node.hold'),
    description: 'No new apps on this node. What runs there goes on, and may be changed. Again: a new reason.',
    args: { id: t.arg.id({ required: true }), reason: t.arg.string() },
    resolve: (_root, { id, reason }, { user }) => user.cordonNode(id, reason),
  }),
  uncordonNode: t.field({
    type: NodeRef,
    ...permission('node.hold'),
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.uncordonNode(id),
  }),
  startMaintenance: t.field({
    type: NodeRef,
    ...permission('node.hold'),
    description: 'No alarms of this node, until somebody ends it or `until` has come. Its checks go on. Again: a new reason, a new end.',
    args: { id: t.arg.id({ required: true }), reason: t.arg.string(), until: t.arg({ type: 'DateTime' }) },
    resolve: (_root, { id, reason, until }, { user }) => user.startMaintenance(id, { reason, until }),
  }),
  endMaintenance: t.field({
    type: NodeRef,
    ...permission('node.hold'),
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { user }) => user.endMaintenance(id),
  }),
}))
