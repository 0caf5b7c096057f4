import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { withDeadline } from './deadline.ts'
import type { Engine } from './engine.types.ts'

type Handlers = Parameters<Engine['watch']>[0]

interface EventSource {
  /** Opens the stream of events; each value is an event. Aborting ends it. */
  open(signal: AbortSignal): Promise<AsyncIterable<Parameters<Handlers['onContainerEvent']>[0]>>
  /** Fails when the Engine does not answer. */
  ping(signal: AbortSignal): Promise<unknown>
  /** Why the Engine is away, in words for a person. */
  describe(error: unknown): string
  clock: Clock
  log: Log
}

/** First wait before a new connection, doubled each time up to the longest: a restart of Docker is noticed soon, an absent one costs little. */
const firstWaitMs = 1_000
const longestWaitMs = 30_000

/** A quiet Engine and a stuck or vanished one look the same from its event stream, so it is asked this often whether it is there. */
const pingEveryMs = 30_000
const answerWithinMs = 10_000

/** Implements Engine.watch: one connection at a time, opened again after each loss until the returned function is called. */
export function watchEvents(source: EventSource, handlers: Handlers): () => void {
  let connection = new AbortController()
  let cancelTimer = (): void => {}
  let isStopped = false
  let isDown = false
  let waitMs = firstWaitMs

  const guarded = (name: string, handler: () => void): void => {
    try {
      if (!isStopped) handler()
    } catch (error) {
      source.log.error({ err: error }, `a handler of Docker events failed: ${name}`)
    }
  }

  const follow = async (): Promise<never> => {
    const events = await openInTime(source, connection)
    isDown = false
    waitMs = firstWaitMs
    const stopAsking = keepAsking(source, connection)
    try {
      guarded('onUp', () => handlers.onUp())
      for await (const event of events) guarded('onContainerEvent', () => handlers.onContainerEvent(event))
    } finally {
      stopAsking()
    }
    throw new Error('its event stream ended')
  }

  const run = (): void => {
    connection = new AbortController()
    follow().catch((error: unknown) => {
      if (isStopped) return
      const reason: unknown = connection.signal.aborted ? connection.signal.reason : error
      if (!isDown) guarded('onDown', () => handlers.onDown(source.describe(reason)))
      isDown = true
      cancelTimer = source.clock.after(waitMs, run)
      waitMs = Math.min(waitMs * 2, longestWaitMs)
    })
  }
  run()

  return () => {
    isStopped = true
    cancelTimer()
    connection.abort()
  }
}

/** The deadline is for the beginning of the answer; the stream then lasts as long as the connection. */
async function openInTime(source: EventSource, connection: AbortController): ReturnType<EventSource['open']> {
  const cancel = source.clock.after(answerWithinMs, () => connection.abort(new Error(`no answer within ${answerWithinMs / 1000} s`)))
  try {
    return await source.open(connection.signal)
  } finally {
    cancel()
  }
}

/** Aborts the connection when the Engine no longer answers. The returned function ends the asking. */
function keepAsking({ clock, ping }: EventSource, connection: AbortController): () => void {
  let isOver = false
  let cancel = (): void => {}
  const ask = async (): Promise<void> => {
    try {
      await withDeadline({ clock, ms: answerWithinMs, outer: connection.signal }, ping)
      if (!isOver) cancel = clock.after(pingEveryMs, () => void ask())
    } catch (error) {
      if (!isOver) connection.abort(error)
    }
  }
  cancel = clock.after(pingEveryMs, () => void ask())
  return () => {
    isOver = true
    cancel()
  }
}
