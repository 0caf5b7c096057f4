import type { Clock } from '../../clock.ts'
import { errorMessage } from '../../errors.ts'
import { dial, DialError, type LinkWatch, type LinkWire } from './link-socket.ts'
import { backoffMs } from '../../retry.ts'

const retryWaits = { firstMs: 500, longestMs: 15_000 }
/** Each node is told its own time to come back. This spreads nodes whose times were rounded to the same second. */
const askedSpreadMs = 1000
/** After a link has held this long, the next loss starts with a short wait again. */
const stableMs = 60_000
/** Wait between attempts to replace a link that was dialed with a previous key. */
const renewRetryMs = 5000

export type LinkDialer = ReturnType<typeof createLinkDialer>

/**
 * Keeps a link open from this side. Dials if there is none, with full jitter over a wait that doubles from 0.5 s to 15 s. If
 * the other side sends Retry-After, the next try comes then, or up to 1 s later. Does not dial while a link that the other
 * side opened is in use.
 */
export function createLinkDialer(deps: {
  /** The other side's endpoint and the headers to send, read again for every try. */
  target: () => { endpoint: string; headers: Record<string, string> }
  /** Takes over an open link. */
  use: (wire: LinkWire) => LinkWatch
  /** A try failed. `attempt` counts from 0 since the last stable link. */
  onFailed: (reason: string, attempt: number) => void
  clock: Clock
  random: () => number
}) {
  const { clock } = deps
  let running = false
  let dialling = false
  /** Holds more than one only while one replaces another. */
  const open = new Map<LinkWire, LinkWatch & { dialledHere: boolean }>()
  let attempt = 0
  let cancelRetry: () => void = () => undefined
  let cancelRenewal: () => void = () => undefined

  const inUse = () => [...open.values()].filter((watch) => !watch.isClosing())

  /** @param askedMs after how long the other side wants the next try, if it said so */
  function retry(askedMs?: number): void {
    if (!running || inUse().length > 0) return
    const spreadMs = askedMs === undefined ? backoffMs(retryWaits, attempt) : askedSpreadMs
    attempt += 1
    cancelRetry = clock.after((askedMs ?? 0) + deps.random() * spreadMs, () => void connect())
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

  /** Does nothing if no link in use was dialed here: the next dial uses the current key anyway. */
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

    /** The other side has opened a link. */
    adopt: (wire: LinkWire, watch: LinkWatch): void => keep(wire, watch, false),

    /** The other side may be reachable now, or an open link may be dead. Finds out at once. */
    wake(): void {
      for (const { check } of open.values()) check()
      if (inUse().length > 0) return
      attempt = 0
      void connect()
    },

    /** The other side has moved. Drops open links and dials again. */
    redial(): void {
      giveUpAll()
      attempt = 0
      void connect()
    },

    /** This node has a new key. Replaces a link that was dialed with the previous one, which stays open until then. */
    renew: (): void => void renew(),

    stop(): void {
      running = false
      cancelRetry()
      cancelRenewal()
      giveUpAll()
    },
  }
}
