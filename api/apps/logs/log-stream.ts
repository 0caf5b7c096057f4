import { bounds } from '../../bounds.ts'
import type { Clock } from '../../clock.ts'
import { endingAtOnce } from '../../events.ts'
import { emptyBatch, type LogBatch, type LogItem, type LogTap } from './log-line.ts'

/** Between two batches of live lines. People see no difference, and a chatty log costs ten messages a second, not hundreds. */
const pauseMs = 50
const most = bounds.logs.batch

export type LogStream = AsyncIterableIterator<LogBatch>

interface Options {
  /** Opens the log. `onChange` says that there may be something to take. */
  open: (onChange: () => void) => Promise<LogTap>
  /** Resolves when the reader has received nearly all that it was sent. */
  received?: (() => Promise<void>) | undefined
  /** Resolves when other work of this program has had its turn. */
  turn?: (() => Promise<void>) | undefined
  /** @throws when the reader may not read it any longer */
  check?: () => void
  /** Called once, when the stream has ended in any way. */
  onEnd?: () => void
  clock: Clock
}

/**
 * A log as batches, for one reader. The first one comes at once, with what was there, and can be empty. Nothing is taken before the reader
 * asks for it, so what a slow reader misses is dropped at the source, and counted. `return` ends it at once, even while a read waits.
 */
export function createLogStream({ open, received, turn, check, onEnd, clock }: Options): LogStream {
  let wake = (): void => undefined
  let isNews = false
  let tap: LogTap | undefined
  let past: LogBatch | null = null
  let done = false
  let tookAt = -Infinity
  let isBehind = false

  const onChange = (): void => {
    isNews = true
    wake()
  }
  const asleep = (): Promise<void> => (isNews || done ? Promise.resolve() : new Promise((resolve) => (wake = resolve)))
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.after(ms, resolve)
      wake = () => {
        if (!done) return
        cancel()
        resolve()
      }
    })

  function end(): void {
    if (done) return
    done = true
    tap?.close()
    onEnd?.()
    wake()
  }

  async function begin(): Promise<void> {
    const opened = await open(onChange)
    if (done) return opened.close()
    tap = opened
    past = opened.past
    isNews = true
  }

  /** The next part of what was there. The first one is never left out. */
  function nextPast(): LogBatch | null {
    if (!past) return null
    const { lines } = past
    const count = Math.min(lines.length, lengthOf(lines))
    const batch = { ...past, lines: lines.slice(0, count), isLastOfPast: count === lines.length }
    past = count < lines.length ? { ...emptyBatch(), lines: lines.slice(count) } : null
    return batch
  }

  async function nextBatch(): Promise<LogBatch | null> {
    if (!tap) await begin()
    while (!done && tap) {
      await received?.()
      check?.()
      const batch = nextPast()
      if (batch) return batch
      await asleep()
      const restMs = tookAt + pauseMs - clock.now().getTime()
      // Who is behind takes full batches, as fast as they are received.
      if (restMs > 0 && !isBehind) await pause(restMs)
      await turn?.()
      if (done) break
      isNews = false
      const items = tap.take(most)
      if (items.length > 0) {
        tookAt = clock.now().getTime()
        isBehind = items.length >= most.lines
        // There may be more.
        isNews = true
        return batchOf(items)
      }
      if (tap.isOver()) break
    }
    return null
  }

  return endingAtOnce(async () => {
    try {
      const value = done ? null : await nextBatch()
      if (value && !done) return { value, done: false }
    } catch (error) {
      end()
      throw error
    }
    end()
    return { value: undefined, done: true }
  }, end)
}

/** How many of these lines fit into one batch. */
function lengthOf(lines: LogBatch['lines']): number {
  let bytes = 0
  let count = 0
  for (; count < lines.length && count < most.lines && bytes < most.bytes; count += 1) bytes += lines[count]?.text.length ?? 0
  return count
}

const batchOf = (items: LogItem[]): LogBatch => ({
  lines: items.flatMap(({ line }) => line ?? []),
  skipped: items.reduce((sum, { skipped }) => sum + skipped, 0),
  passed: items.flatMap(({ passed }) => passed),
})
