import { logStreams, writePosition, type LogBatch, type LogLine } from '../api/apps/logs/log-line.ts'
import { builder } from './builder.ts'
import { upperCased } from './enum-values.ts'

const LogStreamName = builder.enumType('LogStream', { values: upperCased(logStreams) })

const LogLineRef = builder.objectRef<LogLine>('LogLine').implement({
  fields: (t) => ({
    at: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it was written, by the clock of the node. Null if Docker did not say.',
      resolve: ({ at }) => (at === null ? null : new Date(at)),
    }),
    service: t.exposeString('service', { nullable: true, description: 'Null for a container that Compose did not create.' }),
    container: t.exposeString('container', { description: "The container's id." }),
    stream: t.field({ type: LogStreamName, resolve: ({ stream }) => stream }),
    text: t.exposeString('text', {
      description: 'As it was printed, with its escape sequences. A line of more than 16 KiB is cut and says so at its end.',
    }),
    position: t.string({
      description: 'Where it is in the log, to the nanosecond. The same line has the same position when it is read again.',
      resolve: (line) => writePosition(line),
    }),
  }),
})

const LogBatchRef = builder.objectRef<LogBatch>('LogBatch').implement({
  description: 'Lines in their order. Delivered plus skipped is everything that was written since you subscribed.',
  fields: (t) => ({
    lines: t.field({ type: [LogLineRef], resolve: ({ lines }) => lines }),
    skipped: t.exposeInt('skipped', { description: 'How many were dropped before these, because the reader was slow.' }),
    passed: t.stringList({
      description:
        'Positions of the last lines that were skipped. To go on from here, pass them and the position of each last line as `after`.',
      resolve: ({ passed }) => passed.map(writePosition),
    }),
  }),
})

const rangeArgs = (t: Parameters<Parameters<typeof builder.subscriptionFields>[0]>[0]) => ({
  tail: t.arg.int({ defaultValue: 200, description: 'Starts with the last so many lines, at most 10,000.' }),
  since: t.arg({ type: 'DateTime', description: 'Starts with nothing older.' }),
  after: t.arg.stringList({
    description: 'Goes on without a gap after these positions, the last of each container and stream. In place of `tail` and `since`.',
  }),
  follow: t.arg.boolean({ defaultValue: true, description: 'False: completes after what is there now.' }),
})

builder.subscriptionFields((t) => ({
  appLogs: t.field({
    type: LogBatchRef,
    description:
      'What the containers of an app print, all services in time order. The first batch comes at once and has what was there. Containers that are added or replaced are followed too.',
    args: { appId: t.arg.id({ required: true }), services: t.arg.stringList({ description: 'All of them if left out.' }), ...rangeArgs(t) },
    subscribe: (_root, { appId, ...args }, { user, received }) => user.logs.ofApp(appId, args, received),
    resolve: (batch) => batch,
  }),
  containerLogs: t.field({
    type: LogBatchRef,
    description: 'What one container on a node prints, whether it belongs to an app or not. Completes when the container is removed.',
    args: {
      nodeId: t.arg.id({ required: true }),
      containerId: t.arg.id({ required: true, description: 'Its id or name.' }),
      ...rangeArgs(t),
    },
    subscribe: (_root, { nodeId, containerId, ...args }, { user, received }) => user.logs.ofContainer(nodeId, containerId, args, received),
    resolve: (batch) => batch,
  }),
}))
