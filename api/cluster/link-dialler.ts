import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import { dial, DialError, type LinkWire } from './link-wire.ts'

const firstRetryMs = 500
const longestRetryMs = 15_000
/** Who was told when to come back was given a turn of its own already; this only spreads what the words "whole seconds" put together. */
const turnSpreadMs = 1000
/** A link that held this long was good: the next loss starts with a short wait again. */
const stableMs = 60_000

export type LinkDialler = ReturnType<typeof createLinkDialler>

/**
 * Keeps one link open from this side: dials, and dials again when it ends, with full jitter over a wait that doubles from
 * 0.5 s to 15 s. When the other side says when to come back (Retry-After), that is when, and up to 1 s later.
 */
export function createLinkDialler(deps: {
  /** Endpoint and headers of the other side, asked anew for every try. */
  target: () => { endpoint: string; headers: Record<string, string> }
  /** Takes over an open link; the returned function asks whether the other side is still there. */
  use: (wire: LinkWire) => () => void
  /** A try failed; `attempt` counts from 0 since the last stable link. */
  onFailed: (reason: string, attempt: number) => void
  clock: Clock
  random: () => number
}) {
  const { clock } = deps
  let running = false
  let dialling = false
  let current: { wire: LinkWire; check: () => void } | null = null
  let attempt = 0
  let cancelRetry: () => void = () => undefined

  function retry(turnMs?: number): void {
    if (!running) return
    const longest = turnMs === undefined ? Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(attempt, 10)) : turnSpreadMs
    attempt += 1
    cancelRetry = clock.after((turnMs ?? 0) + deps.random() * longest, () => void connect())
  }

  async function connect(): Promise<void> {
    if (!running || dialling || current) return
    cancelRetry()
    dialling = true
    const { endpoint, headers } = deps.target()
    try {
      const wire = await dial(endpoint, headers)
      opened(wire)
    } catch (error) {
      deps.onFailed(errorMessage(error), attempt)
      retry(error instanceof DialError ? error.retryAfterMs : undefined)
    } finally {
      dialling = false
    }
  }

  function opened(wire: LinkWire): void {
    if (!running) return wire.socket.terminate()
    const openedAt = clock.now().getTime()
    const mine = { wire, check: deps.use(wire) }
    current = mine
    wire.stream.once('close', () => {
      if (current !== mine) return
      current = null
      if (clock.now().getTime() - openedAt >= stableMs) attempt = 0
      retry()
    })
  }

  return {
    start(): void {
      running = true
      void connect()
    },

    /** There is reason to think that the other side can be reached now, or that an open link is dead: find out at once. */
    wake(): void {
      if (current) return current.check()
      attempt = 0
      void connect()
    },

    /** The other side is elsewhere, or knows this one by another key: what is open is given up. */
    redial(): void {
      const former = current
      current = null
      former?.wire.socket.terminate()
      attempt = 0
      void connect()
    },

    stop(): void {
      running = false
      cancelRetry()
      current?.wire.socket.terminate()
    },
  }
}
