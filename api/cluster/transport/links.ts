import type { ClientHttp2Session } from 'node:http2'
import type { Clock } from '../../clock.ts'
import { errorMessage } from '../../errors.ts'
import type { Log } from '../../log.ts'
import { createTokenBucket, perNode } from '../limits/token-bucket.ts'
import { guardLink } from './link-guard.ts'
import { askOver, keepAlive, type LinkWatch, type LinkWire } from './link-socket.ts'

/** An open link to one node, seen from its primary. */
export interface Link {
  /** Counts the links to this node. A newer link replaces an older one. */
  generation: number
  since: Date
  dialledBy: 'node' | 'primary'
  /** The key with which it was opened. */
  apiKey: string
  session: ClientHttp2Session
  wire: LinkWire
  watch: LinkWatch
}

/** How often one node can open a link: four in a row on a bad network, one every 3 s in the long run. */
const openingRate = { perSecond: 1 / 3, burst: 4 }

/** A node that was told when to come back gets this much longer before it counts as missing. */
const lateMs = 3000

export type Links = ReturnType<typeof createLinks>

/**
 * A primary's links, at most one per node. A new link replaces the previous one, whatever its state, because the node knows
 * better whether the old one still works. Calls on the old link finish there, and its late end changes nothing.
 */
export function createLinks(deps: {
  nameOf: (nodeId: string) => string
  onUp: (nodeId: string) => void
  /** The link in use ended, and there is no other. */
  onDown: (nodeId: string, reason: string) => void
  /** The node sent too much over its link, so the link is cut. */
  onCut: (nodeId: string, what: string) => void
  /** For how many milliseconds nothing is opened to or from a node that was cut off; 0 for all others. */
  barMs: (nodeId: string) => number
  clock: Clock
  log: Log
}) {
  const { clock, log } = deps
  const open = new Map<string, Link>()
  /** Links that were replaced but are not closed yet, by node. */
  const replaced = new Map<string, Set<Link>>()
  const generations = new Map<string, number>()
  /** When nodes that were told to wait should be back, in ms since the epoch. */
  const expectedAt = new Map<string, number>()
  const openings = perNode(() => createTokenBucket(openingRate, clock))
  let stopped = false
  const waiting = new Map<string, Set<(link: Link) => void>>()

  function ended(nodeId: string, link: Link, reason: string): void {
    if (open.get(nodeId) !== link) return
    open.delete(nodeId)
    log.warn({ node: deps.nameOf(nodeId), generation: link.generation, reason }, 'link lost')
    deps.onDown(nodeId, reason)
  }

  function replace(nodeId: string, former: Link): void {
    const others = replaced.get(nodeId) ?? new Set()
    replaced.set(nodeId, others.add(former))
    former.session.once('close', () => {
      others.delete(former)
      if (others.size === 0 && replaced.get(nodeId) === others) replaced.delete(nodeId)
    })
    former.session.close()
  }

  function cut(nodeId: string): void {
    const all = [open.get(nodeId), ...(replaced.get(nodeId) ?? [])]
    open.delete(nodeId)
    for (const link of all) link?.wire.stream.destroy()
  }

  return {
    get: (nodeId: string): Link | undefined => open.get(nodeId),

    /** Takes over an open WebSocket whose other side has proved that it is this node. */
    use(nodeId: string, wire: LinkWire, { dialledBy, apiKey }: Pick<Link, 'dialledBy' | 'apiKey'>): void {
      if (stopped) return wire.socket.terminate()
      const generation = (generations.get(nodeId) ?? 0) + 1
      generations.set(nodeId, generation)
      const session = askOver(wire)
      const link: Link = { generation, since: clock.now(), dialledBy, apiKey, session, wire, watch: keepAlive(session, wire, clock) }
      let reason = 'the node closed the link'
      session.on('error', (error) => (reason = errorMessage(error)))
      session.once('close', () => ended(nodeId, link, reason))
      // No new requests are possible, but running ones would keep the session open and make it look like a working link.
      session.once('goaway', () => open.get(nodeId) === link && session.destroy())
      guardLink(wire, clock, (what) => {
        reason = what
        deps.onCut(nodeId, what)
        wire.stream.destroy()
        wire.socket.terminate()
      })
      const former = open.get(nodeId)
      expectedAt.delete(nodeId)
      open.set(nodeId, link)
      if (former) replace(nodeId, former)
      log.info({ node: deps.nameOf(nodeId), generation, dialled_by: dialledBy, replaces: former?.generation }, 'link open')
      for (const resolve of waiting.get(nodeId) ?? []) resolve(link)
      deps.onUp(nodeId)
    },

    /** After how many whole seconds a node can open a link. 0 means now, and counts as opening one. */
    openingAfterS(nodeId: string): number {
      const barMs = deps.barMs(nodeId)
      if (barMs > 0) return Math.ceil(barMs / 1000)
      const quota = openings.of(nodeId)
      return quota.take() ? 0 : Math.ceil(quota.waitMs() / 1000)
    },

    /** The node called and was told to come back after this many seconds. */
    toldToWait: (nodeId: string, seconds: number): void => void expectedAt.set(nodeId, clock.now().getTime() + seconds * 1000 + lateMs),

    /** Whether the node is away because it was told to wait. */
    isToldToWait: (nodeId: string): boolean => (expectedAt.get(nodeId) ?? 0) > clock.now().getTime(),

    /** The node could have opened a link, but was refused for another reason. */
    notOpened: (nodeId: string): void => openings.of(nodeId).giveBack(),

    /** The node's open link, or one that opens within `ms`; undefined if none does. */
    waitFor(nodeId: string, ms: number): Promise<Link | undefined> {
      const known = open.get(nodeId)
      if (known) return Promise.resolve(known)
      return new Promise((resolve) => {
        const others = waiting.get(nodeId) ?? new Set()
        waiting.set(nodeId, others)
        const settle = (link?: Link): void => {
          cancel()
          others.delete(settle)
          if (others.size === 0) waiting.delete(nodeId)
          resolve(link)
        }
        const cancel = clock.after(ms, () => settle())
        others.add(settle)
      })
    },

    /** Closes the links of a node that was removed or whose key has changed, without calling `onDown`. */
    close(nodeId: string): void {
      openings.forget(nodeId)
      expectedAt.delete(nodeId)
      cut(nodeId)
    },

    stop(): void {
      stopped = true
      for (const nodeId of new Set([...open.keys(), ...replaced.keys()])) cut(nodeId)
    },
  }
}
