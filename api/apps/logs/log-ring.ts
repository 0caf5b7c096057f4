import type { LogItem, LogLine, LogPosition, MostLines } from './log-line.ts'
import { createLogMarks } from './log-marks.ts'

interface Entry {
  /** Counts every line that was written, those included that never came here. */
  seq: number
  line: LogLine
  /** Positions of what was skipped between the entry before and this one. */
  passed: LogPosition[]
  bytes: number
}

/** What a line takes besides its text. */
const entryBytes = 200

export type LogRing = ReturnType<typeof createLogRing>

/** The last lines of a log, for any number of readers. Each has a cursor; what it misses is counted by the gaps between the numbers. */
export function createLogRing(most: MostLines) {
  let entries: Entry[] = []
  let head = 0
  let bytes = 0
  let seq = 0
  /** Of what was skipped after the newest entry. */
  let gap: LogPosition[] = []
  /** How far the lines reach that are no longer here. */
  const lost = createLogMarks()
  let lostSeq = 0

  function evict(): void {
    while (entries.length - head > most.lines || (bytes > most.bytes && entries.length - head > 1)) {
      const entry = entries[head]
      head += 1
      if (!entry) return
      bytes -= entry.bytes
      lostSeq = entry.seq
      entry.passed.forEach(lost.see)
      lost.see(entry.line)
    }
    // Moved in one go, not line by line.
    if (head > most.lines) [entries, head] = [entries.slice(head), 0]
  }

  /** The index of the first entry after a cursor. */
  function indexAfter(cursor: number): number {
    let [low, high] = [head, entries.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((entries[middle]?.seq ?? 0) > cursor) high = middle
      else low = middle + 1
    }
    return low
  }

  return {
    push(line: LogLine): void {
      seq += 1
      const entry = { seq, line, passed: gap, bytes: entryBytes + 2 * line.text.length }
      gap = []
      bytes += entry.bytes
      entries.push(entry)
      evict()
    },

    /** Counts lines that never come here. */
    skip(count: number, passed: LogPosition[]): void {
      if (count === 0) return
      seq += count
      const marks = createLogMarks(gap)
      passed.forEach(marks.see)
      gap = marks.all()
    },

    /** The cursor of a reader that has everything. */
    end: (): number => seq,

    /** What comes after a cursor, and the cursor after that. */
    read(cursor: number, { lines, bytes: mostBytes }: MostLines): { items: LogItem[]; cursor: number } {
      const items: LogItem[] = []
      let taken = 0
      let at = cursor
      let index = indexAfter(cursor)
      for (; index < entries.length && items.length < lines && taken < mostBytes; index += 1) {
        const entry = entries[index]
        if (!entry) break
        const skipped = entry.seq - at - 1
        const passed = skipped === 0 ? [] : [...(at < lostSeq ? lost.all() : []), ...entry.passed]
        items.push({ line: entry.line, skipped, passed })
        at = entry.seq
        taken += entry.line.text.length
      }
      if (index >= entries.length && at < seq) {
        items.push({ line: null, skipped: seq - at, passed: [...(at < lostSeq ? lost.all() : []), ...gap] })
        at = seq
      }
      return { items, cursor: at }
    },

    /** The lines that are here, oldest first. */
    lines: (): LogLine[] => entries.slice(head).map(({ line }) => line),

    /** Whether lines were lost or skipped. */
    hasGaps: (): boolean => seq > entries.length - head,

    /** The cursor right after the newest line that these positions include; null when it is not here. */
    cursorAfter(positions: readonly LogPosition[]): number | null {
      const marks = createLogMarks(positions)
      for (let index = entries.length - 1; index >= head; index -= 1) {
        const entry = entries[index]
        if (entry && marks.knows(entry.line) && !marks.isBeyond(entry.line)) return entry.seq
      }
      return null
    },
  }
}
