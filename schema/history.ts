import type { ToldHistory } from '../api/cluster/calls/history-calls.ts'
import { markKinds } from '../api/monitoring/history/mark.ts'
import { metrics, seriesKinds } from '../api/monitoring/history/series.ts'
import type { KnownHistory } from '../api/user/history.ts'
import { builder } from './builder.ts'
import { NodeRef } from './refs.ts'

/** `memoryMax` is `MEMORY_MAX` in GraphQL. */
const wordsOf = <Word extends string>(words: readonly Word[]): Record<string, { value: Word }> =>
  Object.fromEntries(words.map((word) => [word.replaceAll(/[A-Z]/g, '_$&').toUpperCase(), { value: word }]))
/** A newer node has words that this version does not know. */
const known = <Word extends string>(words: readonly Word[], word: string): Word | 'unknown' =>
  words.find((each) => each === word) ?? 'unknown'

const SeriesKind = builder.enumType('HistorySeriesKind', { values: wordsOf(seriesKinds) })
const MarkKind = builder.enumType('HistoryMarkKind', { values: wordsOf(markKinds) })
const MetricName = builder.enumType('HistoryMetricName', {
  description:
    'CPU in percent: of all cores for a node, of one core for services and containers. Sizes in bytes, traffic in bytes per second. CPU_MAX and MEMORY_MAX are the highest values of each step, the others means.',
  values: wordsOf(metrics),
})
const Source = builder.enumType('HistorySource', {
  description: 'PRIMARY: the node cannot be asked. This is what its primary knows of its last day, as a whole.',
  values: { NODE: { value: 'node' }, PRIMARY: { value: 'primary' } } as const,
})

type Series = ToldHistory['series'][number]

const Metric = builder.objectRef<Series['metrics'][number]>('HistoryMetric').implement({
  fields: (t) => ({
    name: t.field({ type: MetricName, resolve: ({ metric }) => known(metrics, metric) }),
    values: t.field({
      type: ['Float'],
      nullable: { list: false, items: true },
      description: 'One per step. Null where nothing was measured: gaps stay gaps.',
      resolve: ({ values }) => values,
    }),
  }),
})

const SeriesRef = builder.objectRef<Series>('HistorySeries').implement({
  fields: (t) => ({
    kind: t.field({ type: SeriesKind, resolve: ({ kind }) => known(seriesKinds, kind) }),
    name: t.exposeString('name', { nullable: true, description: 'The mount, service or container. Null for the node itself.' }),
    metrics: t.field({ type: [Metric], resolve: (series) => series.metrics }),
  }),
})

const Mark = builder.objectRef<ToldHistory['marks'][number]>('HistoryMark').implement({
  description: 'Something that happened, for the time axis.',
  fields: (t) => ({
    kind: t.field({ type: MarkKind, resolve: ({ kind }) => known(markKinds, kind) }),
    at: t.expose('at', { type: 'DateTime' }),
    until: t.expose('until', {
      type: 'DateTime',
      nullable: true,
      description: 'The end of an outage or maintenance, null while it lasts; the last of several restarts.',
    }),
    app: t.exposeString('app', { nullable: true }),
    name: t.exposeString('name', { nullable: true, description: 'The service or container that restarted.' }),
    times: t.exposeInt('times', { description: 'How often it restarted.' }),
    version: t.exposeInt('version', { nullable: true, description: 'The version that was deployed.' }),
    detail: t.exposeString('detail', { nullable: true, description: 'The outcome of a deploy, or the reason of an outage.' }),
  }),
})

const HistoryRef = builder.objectRef<KnownHistory>('History').implement({
  description: 'What a node, app or container used, on an even grid.',
  fields: (t) => ({
    source: t.field({ type: Source, resolve: ({ source }) => source }),
    error: t.exposeString('error', { nullable: true, description: 'Why the node cannot be asked.' }),
    from: t.expose('from', { type: 'DateTime', description: 'When the first step begins.' }),
    stepSeconds: t.exposeFloat('stepSeconds'),
    series: t.field({ type: [SeriesRef], resolve: ({ series }) => series }),
    moreSeries: t.exposeInt('moreSeries', { description: 'How many more there are than one answer has.' }),
    marks: t.field({ type: [Mark], resolve: ({ marks }) => marks }),
  }),
})

const RecentUsageRef = builder.objectRef<{ nodeId: string; history: KnownHistory }>('RecentUsage').implement({
  fields: (t) => ({
    node: t.field({ type: NodeRef, resolve: ({ nodeId }, _args, { user }) => user.nodes.get(nodeId) }),
    history: t.field({ type: HistoryRef, resolve: ({ history }) => history }),
  }),
})

builder.queryField('recentUsage', (t) =>
  t.field({
    type: [RecentUsageRef],
    description: 'What the busiest nodes used in the last hours, the busiest first, as this server knows it: no other node is asked.',
    args: {
      hours: t.arg.int({ defaultValue: 6, description: 'At most 24.' }),
      first: t.arg.int({ defaultValue: 6, description: 'At most 20.' }),
    },
    complexity: ({ first }) => ({ field: 100, multiplier: first ?? 6 }),
    resolve: (_root, { hours, first }, { user }) => user.history.recent({ hours: hours ?? 6, first: first ?? 6 }),
  }),
)

/** An answer is read from a month of frames, and has up to 40,000 values. */
const cost = { field: 500, multiplier: 1 }

builder.queryFields((t) => ({
  nodeHistory: t.field({
    type: HistoryRef,
    nullable: true,
    description: 'The node, its disks, and the named containers that belong to no app. At most 30 days back, at most 1000 points.',
    complexity: cost,
    args: {
      nodeId: t.arg.id({ required: true }),
      from: t.arg({ type: 'DateTime', required: true }),
      to: t.arg({ type: 'DateTime', description: 'Default: now.' }),
      points: t.arg.int({ description: 'Most points per series. Default: 240.' }),
      containers: t.arg.stringList(),
    },
    resolve: (_root, { nodeId, containers, ...span }, { user }) =>
      user.nodes.find(nodeId) ? user.history.ofNode(nodeId, span, containers ?? []) : null,
  }),
  appHistory: t.field({
    type: HistoryRef,
    nullable: true,
    description: 'The services of an app, added up over their containers. At most 30 days back, at most 1000 points.',
    complexity: cost,
    args: {
      appId: t.arg.id({ required: true }),
      from: t.arg({ type: 'DateTime', required: true }),
      to: t.arg({ type: 'DateTime', description: 'Default: now.' }),
      points: t.arg.int({ description: 'Most points per series. Default: 240.' }),
      services: t.arg.stringList({ description: 'Default: all.' }),
    },
    resolve: (_root, { appId, services, ...span }, { user }) =>
      user.apps.find(appId) ? user.history.ofApp(appId, span, services ?? []) : null,
  }),
}))
