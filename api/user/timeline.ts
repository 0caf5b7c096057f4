import type { Operation } from '../apps/operation.ts'
import type { ToldTimeline } from '../cluster/calls/timeline-calls.ts'
import type { StatusChange, StatusHistory } from '../cluster/health/status-history.ts'
import type { NodeRouter } from '../cluster/node-router.ts'
import type { Clock } from '../clock.ts'
import { couldNotBeAsked, invalidInput } from '../errors.ts'
import { operationEntry, timelinePage } from '../monitoring/timeline/timeline-entry.ts'
import type { Access } from './access.ts'

/**
 * What happened. Of a node that cannot be asked, only what the primary knows: when the node was lost, and the last operations. `error` says why
 * the rest is missing.
 */
export interface KnownTimeline extends ToldTimeline {
  error: string | null
}

/** An operation, or a change of a node's status. */
export interface RecentEvent {
  at: Date
  nodeId: string
  operation: Operation | null
  change: { to: StatusChange['to']; reason: string | null } | null
}

/** Which part of the past. Without `to`, up to now. */
export interface AskedTimeline {
  from?: Date | null | undefined
  to?: Date | null | undefined
  first?: number | null | undefined
}

const usual = 100
const most = 500
const mostRecent = 50
const longestMs = 31 * 24 * 3600_000
/** The newest changes of a node's status that an answer can have. */
const mostChanges = 100

/** What happened on nodes and to apps that a caller sees. */
export function createUserTimeline(deps: {
  access: Access
  router: NodeRouter
  /** Changes of the status of nodes, as this primary saw them. */
  changes: Pick<StatusHistory, 'between' | 'recent'>
  /** The last operations of every node, as it told them. */
  operations: () => Operation[]
  nodeIds: () => string[]
  clock: Clock
}) {
  const { access, router, clock } = deps
  const { sight } = access

  /** @throws INVALID_INPUT */
  function spanOf(asked: AskedTimeline): { from: Date; to: Date; first: number } {
    const now = clock.now()
    const to = asked.to ?? now
    const from = asked.from ?? new Date(to.getTime() - longestMs)
    const first = asked.first ?? usual
    const wrong = [
      ...(to > from ? [] : [{ field: 'from', message: 'must be before to, which is now if it is left out' }]),
      ...(first >= 1 && first <= most ? [] : [{ field: 'first', message: `must be from 1 to ${most}` }]),
    ]
    if (wrong.length > 0) throw invalidInput(wrong)
    return { from, to, first }
  }

  async function seenOf(nodeId: string, { from, to }: { from: Date; to: Date }): Promise<ToldTimeline['entries']> {
    const changes = await deps.changes.between(nodeId, from, to, mostChanges)
    return changes
      .filter(({ from: former }) => former !== null)
      .map(({ at, to: what, reason }) => ({ kind: 'node', what, at, until: null, app: null, name: null, detail: reason, times: 1 }))
  }

  /** Adds what the primary saw of the node, and if it cannot be asked, the operations that it told before. */
  async function known(
    { nodeId, appId }: { nodeId: string; appId: string | null },
    asked: AskedTimeline,
    ask: (span: ReturnType<typeof spanOf>) => Promise<ToldTimeline>,
  ): Promise<KnownTimeline> {
    const span = spanOf(asked)
    const operations = (): ToldTimeline['entries'] =>
      deps
        .operations()
        .filter((operation) => operation.nodeId === nodeId && (appId === null || operation.appId === appId))
        .flatMap((operation) => operationEntry(operation) ?? [])
        .filter(({ at }) => at >= span.from && at < span.to)
    const away = (error: unknown): KnownTimeline => {
      if (!couldNotBeAsked(error)) throw error
      return { entries: operations(), more: false, error: error.message }
    }
    const told = ask(span).then((timeline): KnownTimeline => ({ ...timeline, error: null }), away)
    const [{ entries, more, error }, seen] = await Promise.all([told, seenOf(nodeId, span)])
    // Older ones come with the next part, so that nothing is shown twice or left out.
    const oldest = more ? (entries.at(-1)?.at ?? span.from) : span.from
    const all = [...entries, ...seen.filter(({ at }) => at >= oldest)].sort((a, b) => b.at.getTime() - a.at.getTime())
    const page = timelinePage(all, span.first)
    return { ...page, more: more || page.more, error }
  }

  return {
    /** The newest events of all nodes that the caller sees, as this server knows them: no node is asked. @throws INVALID_INPUT */
    async recent(first: number): Promise<RecentEvent[]> {
      if (first < 1 || first > mostRecent) throw invalidInput([{ field: 'first', message: `must be from 1 to ${mostRecent}` }])
      const changes = await deps.changes.recent(deps.nodeIds().filter(sight.sees), first)
      const operations = deps.operations().filter(({ nodeId }) => sight.sees(nodeId))
      const events = [
        ...changes.map(({ at, nodeId, to, reason }): RecentEvent => ({ at, nodeId, operation: null, change: { to, reason } })),
        ...operations.map((operation): RecentEvent => ({ at: operation.createdAt, nodeId: operation.nodeId, operation, change: null })),
      ]
      return events.sort((a, b) => b.at.getTime() - a.at.getTime()).slice(0, first)
    },

    /** @throws NOT_FOUND, INVALID_INPUT */
    async ofNode(nodeId: string, asked: AskedTimeline): Promise<KnownTimeline> {
      sight.node(nodeId)
      return known({ nodeId, appId: null }, asked, async (span) => router.forNode(nodeId).nodeTimeline(span))
    },

    /** @throws NOT_FOUND, INVALID_INPUT */
    async ofApp(appId: string, asked: AskedTimeline): Promise<KnownTimeline> {
      const { nodeId } = sight.app(appId)
      return known({ nodeId, appId }, asked, async (span) => router.forApp(appId).appTimeline({ id: appId, ...span }))
    },
  }
}
