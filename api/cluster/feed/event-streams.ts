import type { Clock } from '../../clock.ts'
import { errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { NodeAddress } from '../members/node-registry.ts'
import { perNode } from '../limits/token-bucket.ts'
import { createFeedQuota } from './feed-reader.ts'
import { followStream } from './follow-stream.ts'
import type { FeedReading } from './feed-wire.ts'
import { Misbehavior } from '../limits/misbehavior.ts'
import { backoffMs } from '../../retry.ts'
import { NodeCallError } from '../transport/node-call-error.ts'
import type { NodeClient } from '../transport/node-client.ts'

const retryWaits = { firstMs: 1000, longestMs: 30_000 }
/** After a stream has held this long, the next loss starts with a short wait again. */
const stableMs = 60_000

interface Session {
  abort: AbortController
  cancelRetry: () => void
  attempt: number
  openedAt: number | null
  /** The number of this session among those opened with the node; 0 until it is open. */
  generation: number
}

export type EventStreams = ReturnType<typeof createEventStreams>

/**
 * One event stream per remote node, never one per viewer. It is reopened on its own schedule (1 s to 30 s with jitter) while
 * the node is registered. Each stream starts with a snapshot, so reopening it resynchronizes.
 */
export function createEventStreams(deps: {
  client: NodeClient
  addressOf: (nodeId: string) => NodeAddress
  /** Whether the node can be reached now. When that changes, the caller must call `open`. */
  hasWay: (nodeId: string) => boolean
  /** For how many milliseconds nothing is opened to a node that was cut off; 0 for all others. */
  barMs: (nodeId: string) => number
  onReading: (nodeId: string, reading: FeedReading) => void
  /** The node sent too much, or something that a node must not send. */
  onCut: (nodeId: string, what: string) => void
  /** An open stream was lost, or could not be opened; the node may be down. Not called for the retries that follow. */
  onLost: (nodeId: string, reason: string, held: boolean) => void
  /** A session has started or ended. */
  onChange: (nodeId: string) => void
  clock: Clock
  random: () => number
  log: Log
}) {
  const { clock, log } = deps
  const sessions = new Map<string, Session>()
  const generations = new Map<string, number>()
  const heardAt = new Map<string, Date>()
  /** Nodes that seem to be up and reachable. Failing to open their stream is reported once. */
  const expected = new Set<string>()
  /** Nodes that have had a stream since they last called home without one. */
  const callable = new Set<string>()

  /** Shared by all sessions of a node, so being cut off does not reset it. */
  const quotas = perNode(() => createFeedQuota(clock))

  function opened(nodeId: string, session: Session): void {
    session.openedAt = clock.now().getTime()
    session.generation = (generations.get(nodeId) ?? 0) + 1
    generations.set(nodeId, session.generation)
    callable.add(nodeId)
    deps.onChange(nodeId)
  }

  const follow = async (nodeId: string, session: Session): Promise<never> =>
    followStream({
      ...{ client: deps.client, address: deps.addressOf(nodeId), abort: session.abort, quota: quotas.of(nodeId), clock },
      onHeard: () => void (session.openedAt !== null && heardAt.set(nodeId, clock.now())),
      onReading(reading) {
        if (session.openedAt === null) opened(nodeId, session)
        deps.onReading(nodeId, reading)
      },
    })

  function connect(nodeId: string, attempt: number): void {
    const session: Session = { abort: new AbortController(), cancelRetry: () => undefined, attempt, openedAt: null, generation: 0 }
    sessions.set(nodeId, session)
    // Not calling a node proves nothing about it, so this is no loss. `open` is called when its link or another way appears.
    if (!deps.hasWay(nodeId)) return session.abort.abort()
    const waitMs = Math.max(deps.barMs(nodeId), quotas.of(nodeId).waitMs())
    if (waitMs > 0) {
      session.cancelRetry = clock.after(waitMs, () => connect(nodeId, attempt))
      return
    }
    follow(nodeId, session).catch((error: unknown) => {
      session.abort.abort()
      // A session that was replaced or closed changes nothing when it ends late.
      if (sessions.get(nodeId) !== session) return
      if (error instanceof Misbehavior) deps.onCut(nodeId, errorMessage(error))
      const held = session.openedAt === null ? null : clock.now().getTime() - session.openedAt
      const next = held !== null && held >= stableMs ? 0 : attempt + 1
      const asked = error instanceof NodeCallError ? (error.retryAfterMs ?? 0) : 0
      session.cancelRetry = clock.after(Math.max(asked, retryWaits.firstMs / 2) + deps.random() * backoffMs(retryWaits, next), () =>
        connect(nodeId, next),
      )
      const reason = errorMessage(error)
      const { name } = deps.addressOf(nodeId)
      if (held === null) log.debug({ node: name, reason }, 'event stream could not be opened')
      else log.warn({ node: name, reason }, 'event stream lost')
      session.openedAt = null
      if (held !== null) deps.onChange(nodeId)
      const isNews = expected.delete(nodeId)
      if (held !== null || isNews) deps.onLost(nodeId, reason, held !== null)
    })
  }

  function end(nodeId: string): void {
    const session = sessions.get(nodeId)
    sessions.delete(nodeId)
    session?.cancelRetry()
    session?.abort.abort()
  }

  function close(nodeId: string): void {
    expected.delete(nodeId)
    callable.delete(nodeId)
    end(nodeId)
  }

  /** Opens a node's stream. Reopens it at once if it is waiting for its next try or its address has changed. */
  function open(nodeId: string): void {
    close(nodeId)
    expected.add(nodeId)
    connect(nodeId, 0)
  }

  return {
    open,

    /** The node was just heard in another way, so its stream is tried again at once. An open stream stays as it is. */
    wake(nodeId: string): void {
      const session = sessions.get(nodeId)
      if (session?.openedAt !== null) return
      // A node that could be called before and now cannot may have died right after its own call. A node that calls but can
      // never be called is not news each time.
      if (callable.delete(nodeId)) expected.add(nodeId)
      if (!session.abort.signal.aborted) return
      end(nodeId)
      connect(nodeId, 1)
    },

    /** The node has just passed a check. If its stream cannot be opened now, something has changed since. */
    passedCheck(nodeId: string): void {
      if (sessions.get(nodeId)?.openedAt === null) expected.add(nodeId)
    },

    /** Call when a node is removed. */
    close(nodeId: string): void {
      close(nodeId)
      heardAt.delete(nodeId)
      quotas.forget(nodeId)
    },

    /** The open session with a node; null if there is none. */
    sessionOf(nodeId: string): { generation: number; since: Date } | null {
      const session = sessions.get(nodeId)
      return session?.openedAt ? { generation: session.generation, since: new Date(session.openedAt) } : null
    },

    /** When anything last arrived over the current or last session with a node. */
    heardAt: (nodeId: string): Date | null => heardAt.get(nodeId) ?? null,

    stop(): void {
      for (const nodeId of [...sessions.keys()]) close(nodeId)
    },
  }
}
