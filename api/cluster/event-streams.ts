import { afterRunning, type Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import type { Log } from '../log.ts'
import type { NodeAddress } from '../nodes/node-registry.ts'
import { perNode } from './allowance.ts'
import type { FeedEvent } from './feed.ts'
import { createFeedAllowance, readFeed } from './feed-reader.ts'
import type { FeedReading } from './feed-wire.ts'
import { Misbehaviour } from './misbehaviour.ts'
import { NodeCallError, type NodeClient } from './node-client.ts'

/**
 * The sender says something at least every 2 s. A stall of 5 s is ordinary on bad networks and loses nothing; longer silence is a
 * dead connection, so that a host that is gone without a word is known to be offline in less than 15 s, three checks included.
 */
const silenceMs = 7500
/** How long a node may take to open its stream: longer than a check, because a snapshot is read from its database. */
const openDeadlineMs = 10_000
const firstRetryMs = 1000
const longestRetryMs = 30_000
/** A stream that held this long was good: the next loss starts with a short wait again. */
const stableMs = 60_000

interface Session {
  abort: AbortController
  cancelRetry: () => void
  attempt: number
  openedAt: number | null
  /** Counts the sessions with this node that were opened; 0 until this one is. */
  generation: number
}

export type EventStreams = ReturnType<typeof createEventStreams>

/**
 * One event stream per remote node, never one per viewer, reopened on a schedule of its own (1 s to 30 s with jitter)
 * for as long as the node is registered. Each starts with a snapshot, so opening it again is resynchronising.
 */
export function createEventStreams(deps: {
  client: NodeClient
  addressOf: (nodeId: string) => NodeAddress
  /** Whether there is a way to the node now. When one comes about, it is opened by `open`. */
  hasWay: (nodeId: string) => boolean
  /** For how long nothing is opened to a node that was cut, in milliseconds; 0 for all others. */
  barMs: (nodeId: string) => number
  onEvent: (nodeId: string, event: FeedEvent) => void
  /** Of each event: what it is all of, and what of that could not be read. */
  onRead: (nodeId: string, reading: FeedReading) => void
  /** What it said was too much, or nothing that a node may say. */
  onCut: (nodeId: string, what: string) => void
  /** An open stream was lost, or could not be opened at all; the node may be gone. Tries that follow say no more. */
  onLost: (nodeId: string, reason: string, held: boolean) => void
  /** A session has begun or ended. */
  onChange: (nodeId: string) => void
  clock: Clock
  random: () => number
  log: Log
}) {
  const { clock, log } = deps
  const sessions = new Map<string, Session>()
  const generations = new Map<string, number>()
  const heardAt = new Map<string, Date>()
  /** Nodes that seem to be there and to take calls: that one's stream cannot be opened is news, once. */
  const expected = new Set<string>()
  /** Nodes that had a stream since they last called home without one. */
  const callable = new Set<string>()

  /** Over all of its sessions: who is cut off does not begin anew. */
  const allowances = perNode(() => createFeedAllowance(clock))

  async function follow(nodeId: string, session: Session): Promise<void> {
    const opening = clock.after(openDeadlineMs, () =>
      session.abort.abort(new Error(`did not open the event stream within ${openDeadlineMs / 1000} s`)),
    )
    const response = await deps.client.stream(deps.addressOf(nodeId), '/api/internal/events', session.abort.signal).finally(opening)
    let cancelSilence: () => void = () => undefined
    const heard = (): void => {
      if (session.openedAt !== null) heardAt.set(nodeId, clock.now())
      cancelSilence()
      cancelSilence = afterRunning(clock, silenceMs, () => session.abort.abort(new Error(`nothing was heard for ${silenceMs / 1000} s`)))
    }
    heard()
    try {
      await readFeed((response.body ?? []) as AsyncIterable<Uint8Array>, allowances.of(nodeId), {
        heard,
        event(reading) {
          session.abort.signal.throwIfAborted()
          if (session.openedAt === null) {
            session.openedAt = clock.now().getTime()
            session.generation = (generations.get(nodeId) ?? 0) + 1
            generations.set(nodeId, session.generation)
            callable.add(nodeId)
            deps.onChange(nodeId)
          }
          deps.onRead(nodeId, reading)
          if (reading.event) deps.onEvent(nodeId, reading.event)
        },
      })
      throw new Error('the node closed the event stream')
    } finally {
      cancelSilence()
    }
  }

  function connect(nodeId: string, attempt: number): void {
    const session: Session = { abort: new AbortController(), cancelRetry: () => undefined, attempt, openedAt: null, generation: 0 }
    sessions.set(nodeId, session)
    // Nothing is learned of a node by not calling it: its link, or a call that says of another way, is waited for and not missed.
    if (!deps.hasWay(nodeId)) return session.abort.abort()
    const barMs = deps.barMs(nodeId)
    if (barMs > 0) {
      session.cancelRetry = clock.after(barMs, () => connect(nodeId, attempt))
      return
    }
    follow(nodeId, session).catch((error: unknown) => {
      session.abort.abort()
      // A late end of a session that was replaced or closed changes nothing.
      if (sessions.get(nodeId) !== session) return
      if (error instanceof Misbehaviour) deps.onCut(nodeId, errorMessage(error))
      const held = session.openedAt === null ? null : clock.now().getTime() - session.openedAt
      const next = held !== null && held >= stableMs ? 0 : attempt + 1
      const longest = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(next, 10))
      const asked = error instanceof NodeCallError ? (error.retryAfterMs ?? 0) : 0
      session.cancelRetry = clock.after(Math.max(asked, firstRetryMs / 2) + deps.random() * longest, () => connect(nodeId, next))
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

  /** Opens a node's stream, or reopens it at once when it waits for its next try or its address has changed. */
  function open(nodeId: string): void {
    close(nodeId)
    expected.add(nodeId)
    connect(nodeId, 0)
  }

  return {
    open,

    /** The node has just answered in another way: no reason to wait any longer. An open stream stays as it is. */
    wake(nodeId: string): void {
      const session = sessions.get(nodeId)
      if (session?.openedAt !== null) return
      // If a node that could be called before now cannot, it may have died right after its own call. Of a node that calls, but
      // cannot be called, nothing new is learned each time.
      if (callable.delete(nodeId)) expected.add(nodeId)
      if (!session.abort.signal.aborted) return
      end(nodeId)
      connect(nodeId, 1)
    },

    /** The node has just passed a check: if its stream cannot be opened now, something has changed since. */
    passedCheck(nodeId: string): void {
      if (sessions.get(nodeId)?.openedAt === null) expected.add(nodeId)
    },

    /** Of a node that was removed. */
    close(nodeId: string): void {
      close(nodeId)
      heardAt.delete(nodeId)
      allowances.forget(nodeId)
    },

    /** The session with a node while it holds. */
    sessionOf(nodeId: string): { generation: number; since: Date } | null {
      const session = sessions.get(nodeId)
      return session?.openedAt ? { generation: session.generation, since: new Date(session.openedAt) } : null
    },

    /** When the session with a node, the one that holds or the last one, brought anything. */
    heardAt: (nodeId: string): Date | null => heardAt.get(nodeId) ?? null,

    stop(): void {
      for (const nodeId of [...sessions.keys()]) close(nodeId)
    },
  }
}
