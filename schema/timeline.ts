import type { ToldTimeline } from '../api/cluster/calls/timeline-calls.ts'
import { timelineKinds, type TimelineKind } from '../api/monitoring/timeline/timeline-entry.ts'
import type { KnownTimeline, RecentEvent } from '../api/user/timeline.ts'
import { builder } from './builder.ts'
import { NodeStatus } from './nodes.ts'
import { NodeRef, OperationRef } from './refs.ts'

type Entry = ToldTimeline['entries'][number]

const Kind = builder.enumType('TimelineKind', {
  description: 'UNKNOWN: something that only a newer version knows.',
  values: Object.fromEntries(timelineKinds.map((kind) => [kind.toUpperCase(), { value: kind }])),
})
/** A newer node has words that this version does not know. */
const known = (word: string): TimelineKind => timelineKinds.find((kind) => kind === word) ?? 'unknown'

const EntryRef = builder.objectRef<Entry>('TimelineEntry').implement({
  description: 'Something that happened.',
  fields: (t) => ({
    kind: t.field({ type: Kind, resolve: ({ kind }) => known(kind) }),
    what: t.exposeString('what', {
      description: 'What happened, such as `started`, `exited` or `failed`, or the status that an app, operation or node got.',
    }),
    at: t.field({ type: 'DateTime', resolve: ({ at }) => at }),
    until: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it ended, or the last of several.',
      resolve: ({ until }) => until,
    }),
    app: t.exposeString('app', { nullable: true, description: 'The name of the app; null for what concerns the whole node.' }),
    name: t.exposeString('name', { nullable: true, description: 'The service, or the container that belongs to no app.' }),
    detail: t.exposeString('detail', { nullable: true }),
    times: t.exposeInt('times', { description: 'How often, when many follow each other.' }),
  }),
})

const TimelineRef = builder.objectRef<KnownTimeline>('Timeline').implement({
  description: 'What happened, the newest first. Nodes keep 30 days, at most 10,000 entries.',
  fields: (t) => ({
    entries: t.field({ type: [EntryRef], resolve: ({ entries }) => entries }),
    more: t.exposeBoolean('more', { description: 'There are older ones. Ask again with `to` set to the time of the last.' }),
    error: t.exposeString('error', {
      nullable: true,
      description:
        'Why the node cannot be asked. The entries are then what the primary knows: when it lost the node, and the last operations.',
    }),
  }),
})

const RecentEventRef = builder.objectRef<RecentEvent>('RecentEvent').implement({
  description: "An operation, or a change of a node's status.",
  fields: (t) => ({
    at: t.field({ type: 'DateTime', resolve: ({ at }) => at }),
    node: t.field({ type: NodeRef, resolve: ({ nodeId }, _args, { user }) => user.nodes.get(nodeId) }),
    operation: t.field({ type: OperationRef, nullable: true, resolve: ({ operation }) => operation }),
    status: t.field({ type: NodeStatus, nullable: true, description: 'What the node became.', resolve: ({ change }) => change?.to }),
    reason: t.string({ nullable: true, description: 'Why it did.', resolve: ({ change }) => change?.reason }),
  }),
})

builder.queryField('recentEvents', (t) =>
  t.field({
    type: [RecentEventRef],
    description: 'What happened last on all nodes, the newest first, as this server knows it: no node is asked.',
    args: { first: t.arg.int({ defaultValue: 12, description: 'At most 50.' }) },
    complexity: ({ first }) => ({ field: 1, multiplier: first ?? 12 }),
    resolve: (_root, { first }, { user }) => user.timeline.recent(first ?? 12),
  }),
)

builder.queryFields((t) => {
  const span = {
    from: t.arg({ type: 'DateTime' }),
    to: t.arg({ type: 'DateTime', description: 'Before this time. Default: now.' }),
    first: t.arg.int({ defaultValue: 100, description: 'At most 500.' }),
  }
  return {
    nodeTimeline: t.field({
      type: TimelineRef,
      nullable: true,
      description: 'What happened on a node: containers, operations, deploys, changes of status, Docker, the program.',
      args: { nodeId: t.arg.id({ required: true }), ...span },
      resolve: (_root, { nodeId, ...asked }, { user }) => (user.nodes.find(nodeId) ? user.timeline.ofNode(nodeId, asked) : null),
    }),
    appTimeline: t.field({
      type: TimelineRef,
      nullable: true,
      description: 'What happened to an app.',
      args: { appId: t.arg.id({ required: true }), ...span },
      resolve: (_root, { appId, ...asked }, { user }) => (user.apps.find(appId) ? user.timeline.ofApp(appId, asked) : null),
    }),
  }
})
