import { columnsOf, keyText, type Measured, type Metric, type SeriesKey } from './series.ts'

/** How samples of one metric become one value: their mean, the highest, or the last. */
const isHighest = (metric: Metric): boolean => metric.endsWith('Max')
const isLast = (metric: Metric): boolean => metric === 'memoryTotal' || metric === 'total'

interface Sum {
  key: SeriesKey
  /** By column: the weighted sum, or the value itself for a highest or last one. */
  values: Float64Array
  weights: Float64Array
}

/** The values of a series in one span, in the order of its columns. */
export interface SpanValues {
  key: SeriesKey
  values: Float32Array
}

export type Span = ReturnType<typeof createSpan>

/** Adds up samples of one span of time. */
export function createSpan() {
  const sums = new Map<string, Sum>()

  function sumOf(key: SeriesKey): Sum {
    const text = keyText(key)
    const known = sums.get(text)
    if (known) return known
    const { length } = columnsOf[key.kind]
    const sum = { key, values: new Float64Array(length), weights: new Float64Array(length) }
    sums.set(text, sum)
    return sum
  }

  return {
    /** @param weight how much of the span the sample stands for */
    add({ key, values }: Measured, weight: number): void {
      const sum = sumOf(key)
      for (const [i, metric] of columnsOf[key.kind].entries()) {
        const value = values[metric] ?? (metric === 'cpuMax' ? values.cpu : metric === 'memoryMax' ? values.memory : undefined)
        if (value === undefined || !Number.isFinite(value)) continue
        const before = sum.values[i] ?? 0
        const isFirst = sum.weights[i] === 0
        if (isLast(metric)) sum.values[i] = value
        else if (isHighest(metric)) sum.values[i] = isFirst ? value : Math.max(before, value)
        else sum.values[i] = before + value * weight
        sum.weights[i] = (sum.weights[i] ?? 0) + weight
      }
    },

    values: (): SpanValues[] =>
      [...sums.values()].map(({ key, values, weights }) => {
        const columns = columnsOf[key.kind]
        const result = values.map((value, i) => {
          const metric = columns[i] ?? 'unknown'
          const weight = weights[i] ?? 0
          return weight === 0 ? NaN : isLast(metric) || isHighest(metric) ? value : value / weight
        })
        return { key, values: Float32Array.from(result) }
      }),
  }
}

/** Samples from values that were added up before, to add them up again over a longer span. */
export const measuredOf = ({ key, values }: SpanValues): Measured => ({
  key,
  values: Object.fromEntries(columnsOf[key.kind].map((metric, i) => [metric, values[i]])),
})
