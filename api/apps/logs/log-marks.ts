import type { LogPosition } from './log-line.ts'

/** Two streams of a container are stored by two writers, so a line can be followed by one of the other stream that is a bit older. */
const disorderMs = 2000

export type LogMarks = ReturnType<typeof createLogMarks>

/** How far the log of each container and stream was read. Within one stream, times never run back. */
export function createLogMarks(from: readonly LogPosition[] = []) {
  const marks = new Map<string, LogPosition>()
  const keyOf = ({ container, stream }: LogPosition): string => `${container} ${stream}`

  function isBeyond(position: LogPosition): boolean {
    const mark = marks.get(keyOf(position))
    if (!mark?.at || !position.at) return true
    return position.at === mark.at ? position.nth > mark.nth : position.at > mark.at
  }

  function see({ container, stream, at, nth }: LogPosition): void {
    const position = { container, stream, at, nth }
    if (at !== null && isBeyond(position)) marks.set(keyOf(position), position)
  }
  from.forEach(see)

  return {
    /** Whether it was not read yet. A line without a time never was. */
    isBeyond,
    see,
    /** Whether anything of its container and stream was read. */
    knows: (position: LogPosition): boolean => marks.has(keyOf(position)),
    all: (): LogPosition[] => [...marks.values()],
  }
}

/** Where to stop reading the log of a container. */
export function createLogLimit(upTo: readonly LogPosition[]) {
  const marks = createLogMarks(upTo)
  const open = new Set(upTo.map(({ stream }) => stream))
  const newest = newestOf(upTo)
  const latest = newest && earlier(newest, -disorderMs)

  return {
    allows: (position: LogPosition): boolean => marks.knows(position) && !marks.isBeyond(position),
    /** Whether nothing that is allowed follows a line that is not. */
    isOver({ stream, at }: LogPosition): boolean {
      open.delete(stream)
      return open.size === 0 || (latest !== null && at !== null && at > latest)
    },
  }
}

/** From when a log must be read again to go on after these positions; null from its start. */
export function resumeTime(after: readonly LogPosition[]): string | null {
  const newest = newestOf(after)
  return newest && earlier(newest, disorderMs)
}

/** Those positions that matter to whoever reads on from `resumeTime`. */
export function resumePositions(after: readonly LogPosition[]): LogPosition[] {
  const since = resumeTime(after) ?? ''
  return after.filter(({ at }) => at !== null && at >= since).sort((a, b) => ((a.at ?? '') < (b.at ?? '') ? 1 : -1))
}

const newestOf = (positions: readonly LogPosition[]): string | null =>
  positions.reduce<string | null>((newest, { at }) => (at !== null && (newest === null || at > newest) ? at : newest), null)

const earlier = (at: string, ms: number): string => `${new Date(Date.parse(`${at.slice(0, 23)}Z`) - ms).toISOString().slice(0, -1)}000000Z`
