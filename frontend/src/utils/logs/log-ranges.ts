/** The server gives no more at once. */
export const mostAtOnce = 10_000

const hourMs = 3_600_000

export const usualRange = 'lines'

/** How far back a log begins. `value` is the word in the address. */
export const ranges: { value: string; label: string; tail: number; lastMs?: number }[] = [
  { value: usualRange, label: 'Last 1,000 lines', tail: 1000 },
  { value: 'more', label: 'Last 10,000 lines', tail: mostAtOnce },
  { value: 'quarter', label: 'Last 15 minutes', tail: mostAtOnce, lastMs: hourMs / 4 },
  { value: 'hour', label: 'Last hour', tail: mostAtOnce, lastMs: hourMs },
  { value: 'day', label: 'Last 24 hours', tail: mostAtOnce, lastMs: 24 * hourMs },
]

/** What is asked of the server. An unknown word is the usual start. */
export function askedOf(word: string, now = Date.now()): { tail: number; since?: string } {
  const { tail, lastMs } = ranges.find(({ value }) => value === word) ?? { tail: 1000 }
  return { tail, ...(lastMs === undefined ? {} : { since: new Date(now - lastMs).toISOString() }) }
}
