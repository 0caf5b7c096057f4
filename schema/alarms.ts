import type { Alarm } from '../api/cluster/health/alarms.ts'
import { builder } from './builder.ts'

const AlarmKind = builder.enumType('AlarmKind', {
  values: {
    NODE_DOWN: { value: 'node-down', description: 'A node that was online is no longer.' },
    NETWORK_SUSPECTED: {
      value: 'network-suspected',
      description: "Most nodes went away at once, so the primary's own network is probably at fault. Replaces an alarm for each node.",
    },
  } as const,
})

const AlarmRef = builder.objectRef<Alarm>('Alarm').implement({
  description: 'A problem that needs attention. It disappears when the problem is gone.',
  fields: (t) => ({
    id: t.exposeID('id'),
    kind: t.field({ type: AlarmKind, resolve: (alarm) => alarm.kind }),
    nodeId: t.exposeID('nodeId', { nullable: true }),
    message: t.exposeString('message'),
    since: t.field({ type: 'DateTime', resolve: (alarm) => alarm.since }),
  }),
})

builder.queryFields((t) => ({
  alarms: t.field({
    type: [AlarmRef],
    description: 'Open alarms for the cluster and for nodes that the caller can see.',
    resolve: (_root, _args, { user }) => user.alarms.list(),
  }),
}))

builder.subscriptionFields((t) => ({
  alarmsChanged: t.field({
    type: [AlarmRef],
    description: 'All open alarms now, then on each change.',
    subscribe: (_root, _args, { user }) => user.alarms.watch(),
    resolve: (alarms) => alarms,
  }),
}))
