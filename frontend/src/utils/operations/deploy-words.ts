/** How far a deploy has come, as its node says it. */
export interface GateProgress {
  /** Such as `2 of 3 healthy`. */
  healthy: string
  /** Each service that is awaited, such as `db starting`. */
  services: string[]
  /** Such as `40 s left`. */
  left: string | undefined
}

/** Of a message such as `2 of 3 healthy, db starting, 40 s left`. Undefined for any other. */
export function gateProgress(message: string): GateProgress | undefined {
  const [healthy = '', ...rest] = message.split(', ')
  if (!/^\d+ of \d+ healthy$/.test(healthy)) return undefined
  const left = rest.at(-1)
  const seconds = /^(\d+) s left$/.exec(left ?? '')?.[1]
  return seconds === undefined
    ? { healthy, services: rest, left: undefined }
    : { healthy, services: rest.slice(0, -1), left: `${timeWords(Number(seconds))} left` }
}

/** Longer times in minutes, which do not change every second. */
const timeWords = (seconds: number): string => (seconds < 100 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`)

/** Why an operation failed, in parts to show apart. */
export interface FailureParts {
  why: string
  /** What was done about it, such as `The app is back on version 3`. */
  then: string | undefined
  /** What a service wrote last, with the sentence that names it. */
  written: { title: string; lines: string }[]
}

export function failureParts(error: string): FailureParts {
  const [first = '', ...rest] = error.split('\n\n')
  const [, why = first, then] =
    /^(.*?)\. (The app is back on version \d+.*|Going back .*|There is no healthy version .*|It was healthy before.*)$/s.exec(first) ?? []
  const isWritten = rest.length > 0 && rest.every((part) => /^The last lines of [^\n]+:\n/.test(part))
  // Words of Docker or Compose can have blank lines of their own.
  if (rest.length > 0 && !isWritten) return { why: error, then: undefined, written: [] }
  return {
    why,
    then,
    written: rest.map((part) => {
      const [title = '', ...lines] = part.split('\n')
      return { title, lines: lines.join('\n') }
    }),
  }
}
