import { severityOf, type Alarm, type Severity } from '../api/cluster/alarms/alarm.ts'
import { builder } from './builder.ts'

const AlarmKind = builder.enumType('AlarmKind', {
  values: {
    NODE_DOWN: { value: 'node-down', description: 'A node that was online is no longer.' },
    NETWORK_SUSPECTED: {
      value: 'network-suspected',
      description: "Most nodes went away at once, so the primary's own network is probably at fault. Replaces an alarm for each node.",
    },
    DISK_FILLING: { value: 'disk-filling', description: 'A disk of a node will be full within a day at its present rate, or is full.' },
    CLOCK_OFF: { value: 'clock-off', description: "A node's clock differs from the primary's by more than a minute." },
    APP_UNHEALTHY: { value: 'app-unhealthy', description: 'An app is not healthy, for longer than such things take to repair themselves.' },
    APP_RESTARTING: { value: 'app-restarting', description: 'A container of an app restarts again and again.' },
    BACKUP_FAILED: { value: 'backup-failed', description: 'The last backup of a node that makes them by schedule failed.' },
    DEPLOY_FAILED: { value: 'deploy-failed', description: 'The last deploy of an app failed, whether or not the app runs again.' },
  } as const,
})

export const AlarmSeverity = builder.enumType('AlarmSeverity', {
  values: {
    WARNING: { value: 'warning', description: 'Look into it soon.' },
    CRITICAL: { value: 'critical', description: 'People who use the apps notice it.' },
  } as const satisfies Record<string, { value: Severity; description: string }>,
})

const AlarmRef = builder.objectRef<Alarm>('Alarm').implement({
  description: 'A problem that needs attention. It disappears when the problem is gone.',
  fields: (t) => ({
    id: t.exposeID('id'),
    kind: t.field({ type: AlarmKind, resolve: (alarm) => alarm.kind }),
    severity: t.field({ type: AlarmSeverity, resolve: ({ kind }) => severityOf[kind] }),
    nodeId: t.exposeID('nodeId', { nullable: true }),
    appId: t.exposeID('appId', { nullable: true, description: 'The app that it is about. Null if it is about a node or the cluster.' }),
    message: t.exposeString('message'),
    since: t.field({ type: 'DateTime', resolve: (alarm) => alarm.since }),
  }),
})

builder.queryFields((t) => ({
  alarms: t.field({
    type: [AlarmRef],
    description: 'Open alarms for the cluster, and for nodes that the caller can see and their apps; at most 500.',
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
