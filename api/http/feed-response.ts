import type { Clock } from '../clock.ts'
import { createPacedSender, type FeedPace } from '../cluster/feed/feed-pace.ts'
import type { Feed } from '../cluster/feed/feed-event.ts'

/** A reader that misses several of these treats the connection as dead; see `silenceMs` in cluster/feed/follow-stream.ts. */
const keepaliveMs = 2000
/** In bytes. A slow reader is disconnected when this much is queued for it. It reconnects and gets a new snapshot. */
const backlogBytes = 32 * 1024 * 1024

/** A feed as server-sent events. Calls `onEnd` once, when the reader leaves. */
export function feedResponse(
  feed: Feed,
  { signal, clock, pace, onEnd }: { signal: AbortSignal; clock: Clock; pace: FeedPace; onEnd: () => void },
): Response {
  let end: () => void = () => undefined
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>(
    {
      async start(controller) {
        let unsubscribe: (() => void) | undefined
        let cancelKeepalive: () => void = () => undefined
        let ended = false
        const sender = createPacedSender({ pace, clock, write: (json) => write(`data: ${json}\n\n`) })
        end = () => {
          if (ended) return
          ended = true
          unsubscribe?.()
          cancelKeepalive()
          sender.stop()
          signal.removeEventListener('abort', end)
          try {
            controller.close()
          } catch {
            // The reader has already closed it.
          }
          onEnd()
        }
        const write = (text: string): void => {
          if (ended) return
          if ((controller.desiredSize ?? 0) <= 0) return end()
          controller.enqueue(encoder.encode(text))
        }
        const keepalive = (): void => {
          write(': keepalive\n\n')
          if (!ended) cancelKeepalive = clock.after(keepaliveMs, keepalive)
        }
        signal.addEventListener('abort', end)
        keepalive()
        try {
          const stop = await feed.subscribe(sender.push)
          if (ended) stop()
          else unsubscribe = stop
        } catch (error) {
          // Before `end`, which would close it as if the feed were complete.
          controller.error(error)
          end()
        }
      },
      cancel: () => end(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: backlogBytes }),
  )
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' },
  })
}
