import { bounds } from '../bounds.ts'
import type { Clock } from '../clock.ts'
import { createAllowance } from './allowance.ts'
import { costOfJson } from './bounded-json.ts'
import type { FeedEvent } from './feed.ts'
import { partsOfEvent } from './feed-parts.ts'
import { feedEventToJson } from './feed-wire.ts'

/** Of what a reader takes: two clocks run differently, and a program that restarts has forgotten what it said before. */
const share = 0.5

export type FeedPace = ReturnType<typeof createFeedPace>

/** How fast a node may speak, over all streams that are read of it: no reader ever has a reason to call that too much. */
export function createFeedPace(clock: Clock) {
  const { bytes, events } = bounds.feed
  const part = ({ perSecond, burst }: { perSecond: number; burst: number }) => ({ perSecond: perSecond * share, burst: burst * share })
  const byteAllowance = createAllowance(part(bytes), clock)
  const eventAllowance = createAllowance(part(events), clock)

  return {
    /** Takes what one event costs. @returns after how many ms to ask again; 0: it was taken */
    take(json: string): number {
      const cost = Math.min(bytes.burst * share, Math.max(bounds.feed.chunkCost, Buffer.byteLength(json), costOfJson(json)))
      const waitMs = Math.max(byteAllowance.waitMs(cost), eventAllowance.waitMs())
      if (waitMs > 0 || !eventAllowance.take()) return Math.max(1, waitMs)
      if (byteAllowance.take(cost)) return 0
      eventAllowance.giveBack()
      return 1
    },
  }
}

/**
 * Sends events no faster than their reader takes them. Of what has to wait the newest of each thing is kept, so that a node on
 * which everything changes at once tells a little later how it ended, and not all that was between.
 */
export function createPacedSender({ pace, clock, write }: { pace: FeedPace; clock: Clock; write: (json: string) => void }) {
  const waiting = new Map<string, FeedEvent>()
  let cancelWait: (() => void) | undefined
  let isStopped = false

  function send(): void {
    cancelWait = undefined
    for (const [key, event] of waiting) {
      const json = feedEventToJson(event)
      const waitMs = pace.take(json)
      if (waitMs > 0) {
        cancelWait = clock.after(waitMs, send)
        return
      }
      waiting.delete(key)
      write(json)
      // Its reader may have been cut off by it.
      if (isStopped) return
    }
  }

  return {
    push(event: FeedEvent): void {
      if (isStopped) return
      // One that waits keeps its place.
      for (const part of partsOfEvent(event)) waiting.set(keyOf(part), part)
      if (!cancelWait) send()
    },
    stop(): void {
      isStopped = true
      cancelWait?.()
      waiting.clear()
    },
  }
}

function keyOf(event: FeedEvent): string {
  switch (event.type) {
    case 'app':
      return `app ${event.app.id}`
    case 'app-removed':
      return `app ${event.id}`
    case 'operation':
      return `operation ${event.operation.id}`
    default:
      return event.type
  }
}
