import type { LogBatch, LogLine, LogRange } from '../../api/apps/logs/log-line.ts'

export const logTime = (milliseconds: number): string =>
  `${new Date(Date.UTC(2026, 0, 26, 20) + milliseconds).toISOString().slice(0, -1)}000000Z`

/** A line that was written so many milliseconds after a fixed time. */
export const logLine = (milliseconds: number, more: Partial<LogLine> = {}): LogLine => ({
  container: 'aaaaaaaaaaaa',
  service: 'web',
  stream: 'stdout',
  at: logTime(milliseconds),
  nth: 0,
  text: `line ${milliseconds}`,
  ...more,
})

export const logBatch = (lines: LogLine[], skipped = 0): LogBatch => ({ lines, skipped, passed: [] })

export const logRange = (more: Partial<LogRange> = {}): LogRange => ({
  ...{ tail: 200, since: null, after: null, upTo: null, follow: true },
  ...more,
})

export const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index)
