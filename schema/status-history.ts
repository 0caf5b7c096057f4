import { invalidInput } from '../api/errors.ts'
import type { NodeUptime, StatusChange } from '../api/cluster/health/status-history.ts'
import { builder, costOfPage } from './builder.ts'
import { NodeStatus, NodeStatusSignal } from './nodes.ts'
import { pageSize } from './page.ts'
import { NodeRef } from './refs.ts'

const StatusChangeRef = builder.objectRef<StatusChange>('StatusChange').implement({
  description: "A change of a node's status.",
  fields: (t) => ({
    id: t.id({ resolve: ({ id }) => String(id) }),
    at: t.field({ type: 'DateTime', resolve: (change) => change.at }),
    from: t.field({ type: NodeStatus, nullable: true, description: 'Null for the first status.', resolve: (change) => change.from }),
    to: t.field({ type: NodeStatus, resolve: (change) => change.to }),
    signal: t.field({ type: NodeStatusSignal, resolve: (change) => change.signal }),
    reason: t.exposeString('reason', { nullable: true }),
    durationMs: t.field({
      type: 'BigInt',
      nullable: true,
      description: 'How long the status `to` lasted. Null if it is the current one.',
      resolve: (change) => change.durationMs,
    }),
  }),
})

const StatusChangeConnection = builder.connectionObject(
  { type: StatusChangeRef, name: 'StatusChangeConnection' },
  { name: 'StatusChangeEdge' },
)

const NodeUptimeRef = builder.objectRef<NodeUptime>('NodeUptime').implement({
  description:
    "Share of the observed time that the node was online, 0 to 1. Null if nothing was observed. Observed time counts from the node's first answer and leaves out times when the primary itself was down.",
  fields: (t) => ({
    day: t.float({ nullable: true, description: 'The last 24 hours.', resolve: ({ day }) => day.share }),
    dayObservedMs: t.field({
      type: 'BigInt',
      description: 'How much of the last 24 hours was observed.',
      resolve: ({ day }) => day.observedMs,
    }),
    week: t.float({ nullable: true, description: 'The last 7 days.', resolve: ({ week }) => week.share }),
    weekObservedMs: t.field({ type: 'BigInt', resolve: ({ week }) => week.observedMs }),
    month: t.float({ nullable: true, description: 'The last 30 days.', resolve: ({ month }) => month.share }),
    monthObservedMs: t.field({ type: 'BigInt', resolve: ({ month }) => month.observedMs }),
  }),
})

/** A change's cursor is its id. @throws INVALID_INPUT */
function idOf(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor)
  throw invalidInput([{ field: 'after', message: 'must be a cursor of this list' }])
}

builder.objectFields(NodeRef, (t) => ({
  statusHistory: t.field({
    type: StatusChangeConnection,
    complexity: costOfPage,
    description: 'Newest first. Keeps 90 days and at most the newest 1,000.',
    args: { first: t.arg.int({ description: '1 to 500. Default: 50.' }), after: t.arg.string() },
    async resolve(node, { first, after }, { user }) {
      const size = pageSize({ first })
      const before = after ? idOf(after) : undefined
      const changes = await user.nodes.historyOf(node, { limit: size + 1, before })
      const edges = changes.slice(0, size).map((change) => ({ cursor: String(change.id), node: change }))
      return {
        edges,
        totalCount: await user.nodes.countHistoryOf(node),
        pageInfo: {
          hasNextPage: changes.length > size,
          hasPreviousPage: before !== undefined,
          startCursor: edges[0]?.cursor ?? null,
          endCursor: edges.at(-1)?.cursor ?? null,
        },
      }
    },
  }),
  uptime: t.field({ type: NodeUptimeRef, resolve: (node, _args, { user }) => user.nodes.uptimeOf(node) }),
}))
