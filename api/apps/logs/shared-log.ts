import { bounds } from '../../bounds.ts'
import type { Clock } from '../../clock.ts'
import { asError } from '../../errors.ts'
import { emptyBatch, type LogBatch, type LogItem, type LogLine, type LogPosition, type LogRange, type LogTap } from './log-line.ts'
import { createFollowing } from './following.ts'
import { createLogMarks } from './log-marks.ts'
import { createLogRing } from './log-ring.ts'
import { createPast, pastOf } from './past-lines.ts'

/** The first reader brings at least so many lines, so that the next one often needs no reading of its own. */
const leastPast = 200
/** A reader that goes to another page and comes back finds everything still there. */
const lingerMs = 5000

const mostKept = bounds.logs.ring

interface Reader {
  cursor: number
  onChange: () => void
}

export type SharedLog = ReturnType<typeof createSharedLog>

/** A log that is followed once, for however many readers. */
export function createSharedLog(deps: {
  read: (range: LogRange, signal: AbortSignal) => AsyncIterable<LogBatch>
  /** See following.ts. */
  tellsPast?: boolean
  /** Following has ended, or failed. Resolves when it is time to follow again; `over` when nothing more will come. @throws what readers get */
  onEnd: (failure: Error | null, signal: AbortSignal) => Promise<'again' | 'over'>
  /** Nobody reads it any longer, or it has failed. */
  onClosed: () => void
  clock: Clock
}) {
  const ring = createLogRing(mostKept)
  const marks = createLogMarks()
  const readers = new Set<Reader>()
  const stop = new AbortController()
  let filled: Promise<void> | undefined
  let isWhole = false
  let isFollowed = false
  let end: { failure: Error | null } | null = null
  let cancelLinger = (): void => undefined

  const wake = (): void => [...readers].forEach(({ onChange }) => onChange())

  function take({ lines, skipped, passed }: LogBatch): void {
    ring.skip(skipped, passed)
    passed.forEach(marks.see)
    for (const line of lines) {
      if (!marks.isBeyond(line)) continue
      marks.see(line)
      ring.push(line)
    }
    wake()
  }

  const begin = createFollowing({
    ...{ read: deps.read, tellsPast: deps.tellsPast ?? false, onEnd: deps.onEnd, take, reached: marks.all, signal: stop.signal },
    onOver: (failure) => close({ failure }),
  })
  async function fill(tail: number): Promise<void> {
    isWhole = (await begin(tail)) < tail
    isFollowed = true
  }

  function close(how: NonNullable<typeof end>): void {
    if (end) return
    end = how
    cancelLinger()
    stop.abort()
    deps.onClosed()
    wake()
  }

  function leave(reader: Reader): void {
    if (!readers.delete(reader) || readers.size > 0 || end) return
    cancelLinger = deps.clock.after(lingerMs, () => close({ failure: null }))
  }

  /** What was there before a reader came, from here if it is, else from the source. */
  async function read(range: LogRange): Promise<LogBatch> {
    const here = ring.lines()
    const upTo = marks.all()
    if (!range.after && ((isWhole && !ring.hasGaps()) || reaches(here, range, ring.hasGaps()))) return knownTo(pastOf(here, range), upTo)
    if (upTo.length === 0) return emptyBatch()
    const past = createPast(range)
    const known = createLogMarks(upTo)
    const isKnown = (line: LogLine): boolean => known.knows(line) && !known.isBeyond(line)
    for await (const batch of deps.read({ ...range, upTo, follow: false }, stop.signal))
      past.add({ ...batch, lines: batch.lines.filter(isKnown) })
    const found = past.batch()
    return range.after ? found : knownTo(found.lines.length >= here.length ? found : pastOf(here, range), upTo)
  }

  function tapOf(reader: Reader, past: LogBatch, seen: LogPosition[]): LogTap {
    const known = createLogMarks(seen)
    return {
      past,
      take(most) {
        const { items, cursor } = ring.read(reader.cursor, most)
        reader.cursor = cursor
        return seen.length === 0 ? items : items.flatMap((item) => withoutSeen(item, known.isBeyond))
      },
      isOver() {
        if (end?.failure) throw end.failure
        return end !== null
      },
      close: () => leave(reader),
    }
  }

  return {
    /** @param onChange called when there is something to take. @throws what the source says */
    async tap(range: LogRange, onChange: () => void): Promise<LogTap> {
      const reader = { cursor: 0, onChange }
      readers.add(reader)
      cancelLinger()
      try {
        filled ??= fill(Math.max(range.tail ?? 0, leastPast))
        await filled
        const after = range.after ?? []
        const found = range.after && ring.cursorAfter(after)
        reader.cursor = found ?? ring.end()
        return found === null ? tapOf(reader, await read(range), []) : tapOf(reader, emptyBatch(), after)
      } catch (error) {
        leave(reader)
        if (!isFollowed) close({ failure: asError(error) })
        throw error
      }
    },
    readers: (): number => readers.size,
  }
}

/** With how far everything was read of which no line is there. */
const knownTo = (past: LogBatch, upTo: LogPosition[]): LogBatch => ({
  ...past,
  passed: [...past.passed, ...upTo.filter((each) => !isAmong(each, past.lines))],
})

const isAmong = ({ container, stream }: LogPosition, lines: LogLine[]): boolean =>
  lines.some((line) => line.container === container && line.stream === stream)

/** Whether these lines are all that a reader wants to start with. */
function reaches(here: LogLine[], { tail, since }: LogRange, hasGaps: boolean): boolean {
  const oldest = here[0]?.at ?? null
  return since === null ? tail !== null && here.length >= tail : oldest !== null && oldest < since && !hasGaps
}

const withoutSeen = (item: LogItem, isBeyond: (position: LogPosition) => boolean): LogItem[] => {
  if (!item.line || isBeyond(item.line)) return [item]
  return item.skipped > 0 ? [{ ...item, line: null }] : []
}
