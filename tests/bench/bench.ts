import type { TestContext } from '../helpers/test-context.ts'

/** A measured value. */
export interface Figure {
  name: string
  value: number
  /** For example `ms`, `/s` or `MB`. `x` is a ratio of two values from the same run. */
  unit: string
  note?: string
}

/** What a bench gets from the runner. The runner cleans up after the bench, even if it fails. */
export interface BenchContext {
  /** A smoke run: smaller and shorter. Its figures mean little. */
  short: boolean
  /** A new empty folder. */
  folder(): string
  /** Registers cleanup for after the bench. Runs in reverse order. */
  own<T extends { end(): Promise<void> }>(thing: T): T
}

export type Bench = (context: BenchContext) => Promise<Figure[]>

/** Lets test helpers run in a bench: they clean up after the bench instead of after a test. */
export const asTest = (context: BenchContext): TestContext => ({
  teardown: (end) => void context.own({ end: async () => end() }),
  log: Object.assign(() => undefined, { skip: () => undefined }),
  passed: true,
})

/** The value below which this share of the sample lies. 0.5 is the median. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error('There is no quantile of an empty sample')
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)
