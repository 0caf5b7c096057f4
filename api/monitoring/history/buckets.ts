import type { Measured } from './series.ts'
import { createSpan, type Span, type SpanValues } from './span.ts'

export interface Bucket {
  /** When it began, in ms. */
  at: number
  series: SpanValues[]
}

/**
 * Puts samples into spans of equal length. A sample stands for the time since the one before it, also when that reaches back into
 * the span before, so that a sampler which is a little late leaves no hole. What was not sampled stays empty.
 */
export function createBuckets(deps: { lengthMs: number; /** A longer time without a sample is an outage. */ longestMs: () => number }) {
  const { lengthMs } = deps
  const open = new Map<number, Span>()
  let last: number | undefined

  const startOf = (time: number): number => Math.floor(time / lengthMs) * lengthMs

  function spanAt(at: number): Span {
    const span = open.get(at) ?? createSpan()
    open.set(at, span)
    return span
  }

  /** Ends the spans that no later sample can reach. A clock that was set back ends them all. */
  function close(before: number): Bucket[] {
    const ended = [...open].filter(([at]) => at + lengthMs <= before || at > before).sort(([a], [b]) => a - b)
    return ended.map(([at, span]) => {
      open.delete(at)
      return { at, series: span.values() }
    })
  }

  return {
    /** @returns the spans that this sample ends */
    add(now: number, samples: Measured[]): Bucket[] {
      const since = last !== undefined && now > last && now - last <= deps.longestMs() ? last : Math.max(startOf(now), now - 1)
      last = now
      for (let at = startOf(since); at < now; at += lengthMs) {
        const weight = Math.min(now, at + lengthMs) - Math.max(since, at)
        if (weight > 0) for (const sample of samples) spanAt(at).add(sample, weight)
      }
      // The first moment of a span.
      if (since === now) for (const sample of samples) spanAt(startOf(now)).add(sample, 1)
      return close(now)
    },

    /** The spans that are still being filled. */
    current: (): Bucket[] => [...open].map(([at, span]) => ({ at, series: span.values() })),

    /** Ends all spans, before the program stops. */
    end: (): Bucket[] => close(Infinity),
  }
}
