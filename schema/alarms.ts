import { snapshotThenChanges } from '../api/events.ts'
import type { Alarm } from '../api/nodes/alarms.ts'
import { builder } from './builder.ts'

const AlarmKind = builder.enumType('AlarmKind', {
  values: {
    NODE_DOWN: { value: 'node-down', description: 'A node that was online is not any more.' },
    NETWORK_SUSPECTED: {
      value: 'network-suspected',
      description: "Most nodes vanished at once: the primary's own network is suspect. In place of an alarm for each of them.",
    },
  } as const,
})

const AlarmRef = builder.objectRef<Alarm>('Alarm').implement({
  description: 'What somebody should look at. It is gone when it is over.',
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
    description: 'Those that are open: of nodes that the caller sees, and of the cluster.',
    resolve: (_root, _args, { user }) => user.alarms(),
  }),
}))

const wordsOf = (alarms: Alarm[]): string => JSON.stringify(alarms.map(({ id, message }) => [id, message]))

builder.subscriptionFields((t) => ({
  alarmsChanged: t.field({
    type: [AlarmRef],
    description: 'All open alarms now, then on each change.',
    subscribe(_root, _args, { services, user }) {
      let told = ''
      const snapshot = (): Alarm[] => {
        const alarms = user.alarms()
        told = wordsOf(alarms)
        return alarms
      }
      return snapshotThenChanges<Alarm[]>({
        snapshot: () => [snapshot()],
        // Alarms of nodes that the caller does not see change nothing for him.
        subscribe: (push) => services.events.on('alarms', () => wordsOf(user.alarms()) !== told && push(snapshot())),
        keyOf: () => 'alarms',
      })
    },
    resolve: (alarms) => alarms,
  }),
}))
