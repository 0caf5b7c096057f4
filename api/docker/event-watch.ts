import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { withDeadline } from './deadline.ts'
import { backoffMs } from '../retry.ts'

interface Handlers<Event> {
  onUp(): void
  onDown(reason: string): void
  onEvent(event: Event): void
}

interface EventSource<Event> {
  /** Opens the event stream. Aborting ends it. */
  open(signal: AbortSignal): Promise<AsyncIterable<Event>>
  /** Fails when the Engine does not answer. */
  ping(signal: AbortSignal): Promise<unknown>
  /** Says in plain words why the Engine does not answer. */
  describe(error: unknown): string
  clock: Clock
  log: Log
}

/** The wait before reconnecting doubles from the first to the longest, so a Docker restart is noticed soon and a missing one costs little. */
const waits = { firstMs: 1_000, longestMs: 30_000 }

/** On the event stream, a quiet Engine looks the same as a stuck one, so it is pinged this often. */
const pingEveryMs = 30_000
const answerWithinMs = 10_000

/** Keeps one connection open and reconnects after each loss until the returned function is called. */
export function watchEvents<Event>(source: EventSource<Event>, handlers: Handlers<Event>): () => void {
  let connection = new AbortController()
  let cancelTimer = (): void => {}
  let isStopped = false
  let isDown = false
  let failures = 0

  const guarded = (name: string, handler: () => void): void => {
    try {
      if (!isStopped) handler()
    } catch (error) {
      source.log.error({ err: error }, `Docker event handler failed: ${name}`)
    }
  }

  const follow = async (): Promise<never> => {
    const events = await openInTime(source, connection)
    isDown = false
    failures = 0
    const stopAsking = keepAsking(source, connection)
    try {
      guarded('onUp', () => handlers.onUp())
      for await (const event of events) guarded('onEvent', () => handlers.onEvent(event))
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
      cancelTimer = source.clock.after(backoffMs(waits, failures), run)
      failures += 1
    })
  }
  run()

  return () => {
    isStopped = true
    cancelTimer()
    connection.abort()
  }
}

/** The deadline applies only until the stream opens. After that the stream lasts as long as the connection. */
async function openInTime<Event>(source: EventSource<Event>, connection: AbortController): Promise<AsyncIterable<Event>> {
  const cancel = source.clock.after(answerWithinMs, () => connection.abort(new Error(`no answer within ${answerWithinMs / 1000} s`)))
  try {
    return await source.open(connection.signal)
  } finally {
    cancel()
  }
}

/** Pings the Engine and aborts the connection when it no longer answers. The returned function stops the pings. */
function keepAsking({ clock, ping }: Pick<EventSource<unknown>, 'clock' | 'ping'>, connection: AbortController): () => void {
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
