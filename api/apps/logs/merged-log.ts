import type { Clock } from '../../clock.ts'
import { asError } from '../../errors.ts'
import type { LogBatch, LogItem, LogRange, LogTap, MostLines } from './log-line.ts'
import { createPast } from './past-lines.ts'

/** Containers write in the same moment, but their lines come through different connections. Below the 500 ms that a merge can lag. */
const holdMs = 250
/** Held back at most, of all containers together. What does not fit stays in their rings, which count what they lose. */
const mostHeld = { lines: 4000, bytes: 2 * 2 ** 20 }

interface Held {
  /** When the line was written, or the one after what was skipped. */
  at: string
  item: LogItem
  arrivedAt: number
}

export type MergedLog = ReturnType<typeof createMergedLog>

/** Several logs as one, in time order. */
export function createMergedLog({ range, onChange, clock }: { range: LogRange; onChange: () => void; clock: Clock }) {
  const taps = new Set<LogTap>()
  let held: Held[] = []
  let heldBytes = 0
  let isOver = false
  let isClosed = false
  let failure: Error | null = null
  let past: LogBatch | null = null
  let cancelHold: (() => void) | undefined

  function hold(items: LogItem[]): void {
    const arrivedAt = clock.now().getTime()
    let at = held[held.length - 1]?.at ?? ''
    for (const item of items) {
      at = item.line?.at ?? item.passed[0]?.at ?? at
      heldBytes += item.line?.text.length ?? 0
      held.push({ at, item, arrivedAt })
    }
  }

  function collect(): void {
    const share = Math.max(1, taps.size)
    for (const tap of taps) {
      const room = { lines: mostHeld.lines - held.length, bytes: mostHeld.bytes - heldBytes }
      if (room.lines <= 0 || room.bytes <= 0) break
      hold(tap.take({ lines: Math.ceil(room.lines / share), bytes: Math.ceil(room.bytes / share) }))
      if (isDone(tap)) taps.delete(tap)
    }
  }

  /** One log that fails ends all: what people see must not look whole. */
  function isDone(tap: LogTap): boolean {
    try {
      return tap.isOver()
    } catch (error) {
      failure ??= asError(error)
      return true
    }
  }

  /** Takes what has been held long enough, and whatever is older. */
  function release(most: MostLines): LogItem[] {
    const ripeAt = clock.now().getTime() - (taps.size > 1 ? holdMs : 0)
    const newest = held.reduce((at, each) => (each.arrivedAt <= ripeAt && each.at > at ? each.at : at), '')
    const isRipe = ({ at, arrivedAt }: Held): boolean => arrivedAt <= ripeAt || at <= newest
    const ripe = held.filter(isRipe).sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    const given = ripe.slice(0, most.lines)
    held = [...ripe.slice(most.lines), ...held.filter((each) => !isRipe(each))]
    for (const { item } of given) heldBytes -= item.line?.text.length ?? 0
    return given.map(({ item }) => item)
  }

  /** Looks again when what is held is old enough. */
  function lookAgain(): void {
    if (held.length === 0 || cancelHold) return
    cancelHold = clock.after(holdMs, () => {
      cancelHold = undefined
      onChange()
    })
  }

  return {
    /** Adds one of the logs that the reader starts with, or one that came later, of which everything is new. */
    add(tap: LogTap): void {
      if (isClosed) return tap.close()
      taps.add(tap)
      if (past === null) return
      hold(itemsOf(tap.past))
      onChange()
    },

    /** Call when no more logs will come. */
    end(how: Error | null = null): void {
      isOver = true
      failure ??= how
      onChange()
    },

    /** Call once, after those that it starts with were added. */
    tap(close: () => void): LogTap {
      past = pastOf([...taps], range)
      return {
        past,
        take(most) {
          collect()
          const items = release(most)
          lookAgain()
          return items
        },
        isOver() {
          if (held.length > 0) return false
          if (failure) throw failure
          return isOver && taps.size === 0
        },
        close() {
          isClosed = true
          cancelHold?.()
          for (const tap of taps) tap.close()
          close()
        },
      }
    },
  }
}

function pastOf(taps: LogTap[], range: LogRange): LogBatch {
  const all = taps.flatMap((tap) => tap.past.lines)
  all.sort((a, b) => ((a.at ?? '') < (b.at ?? '') ? -1 : (a.at ?? '') > (b.at ?? '') ? 1 : 0))
  const merged = createPast(range)
  merged.add({
    lines: all,
    skipped: taps.reduce((sum, { past }) => sum + past.skipped, 0),
    passed: taps.flatMap(({ past }) => past.passed),
  })
  return merged.batch()
}

const itemsOf = ({ lines, skipped, passed }: LogBatch): LogItem[] =>
  lines.length === 0
    ? skipped > 0
      ? [{ line: null, skipped, passed }]
      : []
    : lines.map((line, index) => (index === 0 ? { line, skipped, passed } : { line, skipped: 0, passed: [] }))
