import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LogStream } from '../apps/logs/log-stream.ts'
import { writeBatch, writeEnd, writeError } from '../cluster/calls/log-wire.ts'
import type { Clock } from '../clock.ts'
import { AppError } from '../errors.ts'
import { logCalls } from '../cluster/calls/log-calls.ts'

/** A reader that misses several of these treats the connection as dead; see `silenceMs` in cluster/log-streams.ts. */
const keepaliveMs = 2000

/** Waits until so many bytes may be sent to the primary. All logs of this node share the rate, so that a link never carries too much. */
export type LogPace = (bytes: number, signal: AbortSignal) => Promise<void>

/**
 * A log for another node. It is read only as fast as the other side takes it. Waits for the first batch, so that what is wrong with the
 * request is an answer of its own.
 *
 * @throws whatever the log throws before its first batch
 */
export async function logResponse(
  log: LogStream,
  { signal, clock, pace, onEnd }: { signal: AbortSignal; clock: Clock; pace: LogPace; onEnd: () => void },
): Promise<Response> {
  const encoder = new TextEncoder()
  const over = new AbortController()
  let cancelKeepalive: () => void = () => undefined

  function end(): void {
    if (over.signal.aborted) return
    over.abort()
    cancelKeepalive()
    signal.removeEventListener('abort', end)
    void log.return?.()
    onEnd()
  }
  signal.addEventListener('abort', end)

  const next = async (): Promise<string | null> => {
    const { value, done } = await log.next()
    return done ? null : writeBatch(value)
  }
  let first: string | null
  try {
    first = await next()
  } catch (error) {
    end()
    throw error
  }
  let waiting: string | null | undefined = first

  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const send = (text: string): void => void (over.signal.aborted || controller.enqueue(encoder.encode(text)))
        const keepalive = (): void => {
          cancelKeepalive = clock.after(keepaliveMs, () => {
            send('\n')
            keepalive()
          })
        }
        keepalive()
        try {
          const json = waiting === undefined ? await next() : waiting
          waiting = undefined
          if (json !== null) await pace(json.length, over.signal)
          send(`${json ?? writeEnd()}\n`)
          // Other work gets a turn.
          await nextTurn()
          if (json === null) close(controller)
        } catch (error) {
          if (!(error instanceof AppError)) return controller.error(error)
          send(`${writeError(error)}\n`)
          close(controller)
        } finally {
          cancelKeepalive()
        }
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  )

  function close(controller: ReadableStreamDefaultController): void {
    if (!over.signal.aborted) controller.close()
    end()
  }

  return new Response(body, {
    headers: { 'content-type': logCalls.appLogs.contentType, 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' },
  })
}
