import { bounds } from '../../bounds.ts'
import type { LogBatch, LogLine, LogRange } from './log-line.ts'
import { createLogMarks } from './log-marks.ts'

const mostPast = bounds.logs.past

type Wanted = Pick<LogRange, 'tail' | 'since' | 'after'>

/** Which of these lines a stream starts with. */
export function pastOf(lines: LogLine[], wanted: Wanted): LogBatch {
  const past = createPast(wanted)
  past.add({ lines, skipped: 0, passed: [] })
  return past.batch()
}

/** Collects what a stream starts with: the newest lines, as many as wanted and as fit. What a stream that goes on cannot keep is counted. */
export function createPast({ tail, since, after }: Wanted, most = mostPast) {
  let kept: LogLine[] = []
  let bytes = 0
  let skipped = 0
  const passed = createLogMarks()
  const mostLines = Math.min(after ? most.lines : (tail ?? most.lines), most.lines)

  function trim(slack: number): void {
    let drop = Math.max(0, kept.length - mostLines)
    if (drop <= slack && bytes <= most.bytes) return
    let dropped = 0
    for (let index = 0; index < kept.length && (index < drop || bytes - dropped > most.bytes); index += 1) {
      const line = kept[index]
      if (!line) break
      dropped += line.text.length
      passed.see(line)
      drop = Math.max(drop, index + 1)
    }
    bytes -= dropped
    skipped += drop
    kept = kept.slice(drop)
  }

  return {
    add(batch: LogBatch): void {
      skipped += batch.skipped
      batch.passed.forEach(passed.see)
      for (const line of batch.lines) {
        if (since !== null && line.at !== null && line.at < since) {
          passed.see(line)
          continue
        }
        kept.push(line)
        bytes += line.text.length
      }
      trim(mostLines)
    },
    batch(): LogBatch {
      trim(0)
      // Who goes on from here must know how far the log of each container was read, also where all of its lines were too old.
      return { lines: kept, skipped: after ? skipped : 0, passed: passed.all() }
    },
  }
}
