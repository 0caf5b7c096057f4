import { bounds } from '../../bounds.ts'
import type { Clock } from '../../clock.ts'
import { createTokenBucket } from '../limits/token-bucket.ts'
import { costOfJson } from '../limits/bounded-json.ts'
import type { FeedEvent } from './feed-event.ts'
import { kindOf } from './feed-kinds.ts'
import { feedEventToJson } from './feed-wire.ts'

/** Fraction of the reader's limit to use. Two clocks run differently, and a restarted program has forgotten what it sent before. */
export const paceShare = 0.5

export type FeedPace = ReturnType<typeof createFeedPace>

/** Limits how fast a node sends, across all of its streams, to stay well within what every reader accepts. */
export function createFeedPace(clock: Clock) {
  const { bytes, events } = bounds.feed
  const part = ({ perSecond, burst }: { perSecond: number; burst: number }) => ({
    perSecond: perSecond * paceShare,
    burst: burst * paceShare,
  })
  const byteBucket = createTokenBucket(part(bytes), clock)
  const eventBucket = createTokenBucket(part(events), clock)

  return {
    /** Takes the cost of one event. @returns 0 if it was taken; otherwise after how many ms to ask again */
    take(json: string): number {
      const cost = Math.min(bytes.burst * paceShare, Math.max(bounds.feed.chunkCost, Buffer.byteLength(json), costOfJson(json)))
      const waitMs = Math.max(byteBucket.waitMs(cost), eventBucket.waitMs())
      if (waitMs > 0 || !eventBucket.take()) return Math.max(1, waitMs)
      if (byteBucket.take(cost)) return 0
      eventBucket.giveBack()
      return 1
    },
  }
}

/**
 * Sends events no faster than their reader accepts them. While events wait, only the newest one per app or operation is
 * kept. When everything on a node changes at once, it sends the final states a little later and skips those in between.
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
      // Writing may have ended the reader's connection.
      if (isStopped) return
    }
  }

  return {
    push(event: FeedEvent): void {
      if (isStopped) return
      // A newer event takes the place of the waiting one with the same key.
      for (const part of kindOf(event).parts?.(event) ?? [event]) waiting.set(kindOf(part).keyOf(part), part)
      if (!cancelWait) send()
    },
    stop(): void {
      isStopped = true
      cancelWait?.()
      waiting.clear()
    },
  }
}
