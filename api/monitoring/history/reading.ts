import type { Bucket } from './buckets.ts'
import { columnsOf, keyText, type Metric, type SeriesKey } from './series.ts'
import { createSpan, measuredOf, type Span } from './span.ts'

export interface HistorySpan {
  from: Date
  to: Date
  /** At most so many points per series. */
  points: number
}

export interface HistorySeries {
  kind: SeriesKey['kind']
  /** Of a service or container, or the mount of a disk; null for the node itself. */
  name: string | null
  metrics: { metric: Metric; /** One per step. Null where nothing was measured. */ values: (number | null)[] }[]
}

/** Values on an even grid: the first is for the `stepSeconds` from `from` on, and so on. */
export interface HistoryValues {
  from: Date
  stepSeconds: number
  series: HistorySeries[]
  /** How many more series there are than one answer holds. */
  moreSeries: number
}

/** Together with the most points, the answer stays well below what one node accepts of another. */
const mostSeries = 50
const mostValues = 40_000
const fewestPoints = 10

/** Step and start of the grid. A step is a whole number of stored spans, so that no step is empty between two that are not. */
export function gridOf({ from, to, points }: HistorySpan, spanMs: number): { start: number; stepMs: number; count: number } {
  const lengthMs = Math.max(spanMs, to.getTime() - from.getTime())
  const stepMs = Math.ceil(lengthMs / Math.max(1, points) / spanMs) * spanMs
  const start = Math.floor(from.getTime() / stepMs) * stepMs
  return { start, stepMs, count: Math.max(1, Math.ceil((to.getTime() - start) / stepMs)) }
}

/** How many points each series can have when so many are asked for. */
export function pointsFor(points: number, series: SeriesKey[]): number {
  const columns = series.slice(0, mostSeries).reduce((sum, { kind }) => sum + columnsOf[kind].length, 0)
  return Math.max(fewestPoints, Math.min(points, Math.floor(mostValues / Math.max(1, columns))))
}

/** Puts stored spans on a grid. */
export async function readValues(
  buckets: AsyncIterable<Bucket> | Iterable<Bucket>,
  { start, stepMs, count }: ReturnType<typeof gridOf>,
): Promise<HistoryValues> {
  const steps = new Map<number, Span>()
  const keys = new Map<string, SeriesKey>()
  for await (const { at, series } of buckets) {
    const index = Math.floor((at - start) / stepMs)
    if (index < 0 || index >= count) continue
    const span = steps.get(index) ?? createSpan()
    steps.set(index, span)
    for (const values of series) {
      keys.set(keyText(values.key), values.key)
      span.add(measuredOf(values), 1)
    }
  }
  const values = new Map([...steps].map(([index, span]) => [index, new Map(span.values().map((each) => [keyText(each.key), each.values]))]))
  const listed = [...keys].sort(([, a], [, b]) => order(a, b))
  const series = listed.slice(0, mostSeries).map(([text, { kind, name }]): HistorySeries => ({
    kind,
    name: name === '' ? null : name,
    metrics: columnsOf[kind].map((metric, column) => ({
      metric,
      values: Array.from({ length: count }, (_, index) => rounded(metric, values.get(index)?.get(text)?.[column])),
    })),
  }))
  return { from: new Date(start), stepSeconds: stepMs / 1000, series, moreSeries: listed.length - series.length }
}

const kindOrder: SeriesKey['kind'][] = ['node', 'disk', 'service', 'container', 'unknown']
const order = (a: SeriesKey, b: SeriesKey): number => kindOrder.indexOf(a.kind) - kindOrder.indexOf(b.kind) || a.name.localeCompare(b.name)

/** No chart shows more digits, and they would double the answer. */
function rounded(metric: Metric, value: number | undefined): number | null {
  if (value === undefined || !Number.isFinite(value)) return null
  return metric.startsWith('cpu') ? Math.round(value * 100) / 100 : Math.round(value)
}
