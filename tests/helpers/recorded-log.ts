import { pino } from 'pino'
import type { Log } from '../../api/log.ts'

export interface RecordedLine {
  level: number
  msg: string
  [fact: string]: unknown
}

/** A log that keeps its lines instead of writing them, to test what an operator would see. */
export function recordedLog(): { log: Log; lines: RecordedLine[]; messages: () => string[] } {
  const lines: RecordedLine[] = []
  const log = pino({ level: 'debug', base: null }, { write: (line: string) => void lines.push(JSON.parse(line) as RecordedLine) })
  return { log, lines, messages: () => lines.map(({ msg }) => msg) }
}
