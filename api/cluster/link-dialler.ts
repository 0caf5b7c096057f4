import type { Clock } from '../clock.ts'
import { errorMessage } from '../errors.ts'
import { dial, DialError, type LinkWatch, type LinkWire } from './link-wire.ts'

const firstRetryMs = 500
const longestRetryMs = 15_000
/** Who was told when to come back was given a turn of its own already; this only spreads what the words "whole seconds" put together. */
const turnSpreadMs = 1000
/** A link that held this long was good: the next loss starts with a short wait again. */
const stableMs = 60_000
/** How often it is tried to replace a link that was dialled with a former key. */
const renewRetryMs = 5000

export type LinkDialler = ReturnType<typeof createLinkDialler>

/**
 * Keeps a link open from this side: dials when there is none, with full jitter over a wait that doubles from 0.5 s to 15 s.
 * When the other side says when to come back (Retry-After), that is when, and up to 1 s later. While there is a link that the
 * other side has opened, nothing is dialled.
 */
export function createLinkDialler(deps: {
  /** Endpoint and headers of the other side, asked anew for every try. */
  target: () => { endpoint: string; headers: Record<string, string> }
  /** Takes over an open link. */
  use: (wire: LinkWire) => LinkWatch
  /** A try failed; `attempt` counts from 0 since the last stable link. */
  onFailed: (reason: string, attempt: number) => void
  clock: Clock
  random: () => number
}) {
  const { clock } = deps
  let running = false
  let dialling = false
  /** More than one only while one takes the place of another. */
  const open = new Map<LinkWire, LinkWatch & { dialledHere: boolean }>()
  let attempt = 0
  let cancelRetry: () => void = () => undefined
  let cancelRenewal: () => void = () => undefined

  const inUse = () => [...open.values()].filter((watch) => !watch.isClosing())

  function retry(turnMs?: number): void {
    if (!running || inUse().length > 0) return
    const longest = turnMs === undefined ? Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(attempt, 10)) : turnSpreadMs
    attempt += 1
    cancelRetry = clock.after((turnMs ?? 0) + deps.random() * longest, () => void connect())
  }

  /** @returns whether a link was opened */
  async function connect({ beside = false } = {}): Promise<boolean> {
    if (!running || dialling || (inUse().length > 0 && !beside)) return false
    cancelRetry()
    dialling = true
    const { endpoint, headers } = deps.target()
    try {
      const wire = await dial(endpoint, headers)
      if (running) keep(wire, deps.use(wire), true)
      else wire.socket.terminate()
      return running
    } catch (error) {
      deps.onFailed(errorMessage(error), attempt)
      retry(error instanceof DialError ? error.retryAfterMs : undefined)
      return false
    } finally {
      dialling = false
    }
  }

  /** Whatever is not in use was dialled anew with the key of that moment. */
  async function renew(): Promise<void> {
    cancelRenewal()
    if (!inUse().some(({ dialledHere }) => dialledHere)) return
    if (!(await connect({ beside: true }))) cancelRenewal = clock.after(renewRetryMs, () => void renew())
  }

  function keep(wire: LinkWire, watch: LinkWatch, dialledHere: boolean): void {
    const openedAt = clock.now().getTime()
    open.set(wire, { ...watch, dialledHere })
    cancelRetry()
    wire.stream.once('close', () => {
      if (!open.delete(wire)) return
      if (clock.now().getTime() - openedAt >= stableMs) attempt = 0
      retry()
    })
  }

  function giveUpAll(): void {
    const wires = [...open.keys()]
    open.clear()
    for (const wire of wires) wire.socket.terminate()
  }

  return {
    start(): void {
      running = true
      void connect()
    },

    /** The other side has opened one. */
    adopt: (wire: LinkWire, watch: LinkWatch): void => keep(wire, watch, false),

    /** There is reason to think that the other side can be reached now, or that an open link is dead: find out at once. */
    wake(): void {
      for (const { check } of open.values()) check()
      if (inUse().length > 0) return
      attempt = 0
      void connect()
    },

    /** The other side is elsewhere: what is open is given up. */
    redial(): void {
      giveUpAll()
      attempt = 0
      void connect()
    },

    /** The other side knows this one by another key: a link that was dialled with the former one is replaced, and goes on until then. */
    renew: (): void => void renew(),

    stop(): void {
      running = false
      cancelRetry()
      cancelRenewal()
      giveUpAll()
    },
  }
}
