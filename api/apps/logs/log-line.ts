/** Where a line is in the log of its container. */
export interface LogPosition {
  /** The id of the container. */
  container: string
  stream: LogStream
  /** `2026-01-26T20:00:00.123456789Z`, so that two compare as texts. Null when Docker did not say. */
  at: string | null
  /** Counts the lines of the stream in the same nanosecond, from 0. */
  nth: number
}

export const logStreams = ['stdout', 'stderr'] as const
export type LogStream = (typeof logStreams)[number]

export interface LogLine extends LogPosition {
  /** Null for a container that Compose did not create. */
  service: string | null
  text: string
}

/** Lines in their order. What was written and is not among them, because the reader was slow, is counted. */
export interface LogBatch {
  lines: LogLine[]
  skipped: number
  /** The last of what was skipped, for each container and stream. */
  passed: LogPosition[]
  /** What was there when the stream was opened ends with this batch. */
  isLastOfPast?: boolean
}

/** What one reader wants. */
export interface LogRange {
  /** The last so many lines; null for all. Not used with `after`. */
  tail: number | null
  /** Nothing older, in the form of `LogPosition.at`. */
  since: string | null
  /** Goes on after these positions, at most one for each container and stream. Lines beyond them that cannot be kept are counted. */
  after: LogPosition[] | null
  /** Nothing beyond these positions, and nothing of a container and stream without one. */
  upTo: LogPosition[] | null
  follow: boolean
}

/** Whose log it is: of an app's services (all of them if empty), or of one container. */
export type LogSource = { appId: string; services: string[] } | { containerId: string }

/** A line, or none, and what was skipped before it. */
export interface LogItem {
  line: LogLine | null
  skipped: number
  passed: LogPosition[]
}

export interface MostLines {
  lines: number
  bytes: number
}

/** One reader's place in a log that others read too. */
export interface LogTap {
  /** What was there when the reader came. */
  past: LogBatch
  /** What has come since the last call. */
  take(most: MostLines): LogItem[]
  /** Whether nothing more will come once everything is taken. @throws what ended it */
  isOver(): boolean
  close(): void
}

export const emptyBatch = (): LogBatch => ({ lines: [], skipped: 0, passed: [] })

/** Such as `0123456789ab/o/2026-01-26T20:00:00.123456789Z/0`. */
const positionPattern = /^([\w.-]{1,128})\/([oe])\/(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z)\/(\d{1,9})$/

export const writePosition = ({ container, stream, at, nth }: LogPosition): string =>
  `${container}/${stream === 'stdout' ? 'o' : 'e'}/${at ?? ''}/${nth}`

/** Null for what is no position, or one without a time. */
export function readPosition(text: string): LogPosition | null {
  const [, container, letter, at, nth] = positionPattern.exec(text) ?? []
  return container === undefined || at === undefined
    ? null
    : { container, stream: letter === 'o' ? 'stdout' : 'stderr', at, nth: Number(nth) }
}
