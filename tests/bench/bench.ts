import type { TestContext } from '../helpers/test-context.ts'

/** One measured value. */
export interface Figure {
  name: string
  value: number
  /** Such as `ms`, `/s`, `MB`; `x` is a ratio of two values of the same run. */
  unit: string
  note?: string
}

/** What a bench gets from the runner, which ends and removes everything of it after the bench, also when it fails. */
export interface BenchContext {
  /** A smoke run: smaller and shorter, its figures mean little. */
  short: boolean
  /** A new empty folder. */
  folder(): string
  /** Has something ended after the bench; what came last ends first. */
  own<T extends { end(): Promise<void> }>(thing: T): T
}

export type Bench = (context: BenchContext) => Promise<Figure[]>

/** For helpers of the tests: what these would remove after a test is removed after the bench. */
export const asTest = (context: BenchContext): TestContext => ({
  teardown: (end) => void context.own({ end: async () => end() }),
  log: Object.assign(() => undefined, { skip: () => undefined }),
  passed: true,
})

/** The value below which a share of the sample lies; 0.5 is the median. */
export function quantile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new Error('There is no quantile of nothing')
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)
