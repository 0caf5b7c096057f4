import type { AuditEntry } from '../api/auth/audit-log.ts'
import type { AuditRow } from '../api/auth/audit.entity.ts'
import { invalidInput } from '../api/errors.ts'
import { builder, costOfPage, permission } from './builder.ts'
import { pageSize } from './page.ts'

const AuditOutcome = builder.enumType('AuditOutcome', {
  values: {
    STARTED: { value: 'started' },
    SUCCEEDED: { value: 'succeeded' },
    FAILED: { value: 'failed' },
    CANCELLED: { value: 'cancelled' },
    INTERRUPTED: { value: 'interrupted', description: 'The node or this server stopped during the action.' },
    UNKNOWN: { value: 'unknown', description: 'The node was lost. Another line follows if it reports the outcome.' },
    DENIED: { value: 'denied' },
  } as const,
})

const AuditEndRef = builder.objectRef<AuditRow>('AuditEnd').implement({
  fields: (t) => ({
    at: t.field({ type: 'DateTime', resolve: (end) => end.at }),
    outcome: t.field({ type: AuditOutcome, resolve: (end) => end.outcome }),
    detail: t.exposeString('detail', { nullable: true }),
    durationMs: t.exposeInt('durationMs', { nullable: true }),
  }),
})

const AuditEntryRef = builder.objectRef<AuditEntry>('AuditEntry').implement({
  description: 'One line of the audit log: who did what to what, from where, and the outcome.',
  fields: (t) => ({
    id: t.id({ resolve: (entry) => String(entry.id) }),
    at: t.field({ type: 'DateTime', resolve: (entry) => entry.at }),
    actor: t.exposeString('actor'),
    via: t.exposeString('via', { description: 'How the actor was identified: local, edge, session, token, node or schedule.' }),
    tokenName: t.exposeString('tokenName', { nullable: true, description: 'Which API token the actor used, if via is token.' }),
    address: t.exposeString('address'),
    action: t.exposeString('action'),
    nodeId: t.exposeID('nodeId', { nullable: true }),
    appId: t.exposeID('appId', { nullable: true }),
    subject: t.exposeString('subject', { nullable: true }),
    outcome: t.field({ type: AuditOutcome, resolve: (entry) => entry.outcome }),
    detail: t.exposeString('detail', { nullable: true }),
    durationMs: t.exposeInt('durationMs', {
      nullable: true,
      description: 'For an outcome: how long the action took, including its operation. Null if unknown.',
    }),
    ended: t.field({
      type: AuditEndRef,
      nullable: true,
      description: 'For a line that starts an action: its outcome, as far as known. Null while it is in progress.',
      resolve: ({ ended }) => ended,
    }),
    operationId: t.id({
      nullable: true,
      description: 'For a line that starts an operation: its id, until it has ended.',
      resolve: (entry, _args, { user }) => user.audit.operationSince(entry) ?? null,
    }),
    startedId: t.id({
      nullable: true,
      description: 'For an outcome: the id of the line that starts the action.',
      resolve: ({ startedId }) => (startedId === null ? null : String(startedId)),
    }),
  }),
})

const AuditConnection = builder.connectionObject({ type: AuditEntryRef, name: 'AuditConnection' }, { name: 'AuditEdge' })

const AuditFilter = builder.inputType('AuditFilter', {
  fields: (t) => ({
    actor: t.string(),
    action: t.string({ description: 'Prefix: "app." matches every action on apps.' }),
    nodeId: t.id(),
    appId: t.id(),
    outcome: t.field({ type: AuditOutcome }),
    since: t.field({ type: 'DateTime' }),
    until: t.field({ type: 'DateTime' }),
    search: t.string({ description: 'Text anywhere in actor, tokenName, action, subject, detail or address. Case does not matter.' }),
  }),
})

/** A line's cursor is its id. @throws INVALID_INPUT */
function idOf(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor)
  throw invalidInput([{ field: 'after', message: 'must be a cursor of this list' }])
}

builder.queryFields((t) => ({
  audit: t.field({
    type: AuditConnection,
    complexity: costOfPage,
    description: 'Newest first.',
    ...permission('audit.read'),
    args: { first: t.arg.int(), after: t.arg.string(), filter: t.arg({ type: AuditFilter }) },
    async resolve(_root, { first, after, filter }, { user }) {
      const size = pageSize({ first })
      const before = after ? idOf(after) : undefined
      const entries = await user.audit.list(filter ?? {}, { limit: size + 1, before })
      const edges = entries.slice(0, size).map((node) => ({ cursor: String(node.id), node }))
      return {
        edges,
        totalCount: await user.audit.count(filter ?? {}),
        pageInfo: {
          hasNextPage: entries.length > size,
          hasPreviousPage: before !== undefined,
          startCursor: edges[0]?.cursor ?? null,
          endCursor: edges.at(-1)?.cursor ?? null,
        },
      }
    },
  }),
}))

builder.subscriptionFields((t) => ({
  auditChanged: t.field({
    type: 'ID',
    description: 'The id of the newest line, each time there is one. Ask for the log again.',
    ...permission('audit.read'),
    subscribe: (_root, _args, { user }) => user.audit.watch(),
    resolve: (id) => id,
  }),
}))
