import { plural } from '../shared/format.ts'

/** Such as `99.95%`. Rounded down, so only a node that was never away shows 100%. */
export function uptimeWords(share: number): string {
  const hundredths = Math.floor(share * 10_000) / 100
  return `${hundredths.toFixed(hundredths === 100 || hundredths === 0 ? 0 : 2)}%`
}

/** Such as `of the 14 minutes observed`. Undefined if nothing, or at least 99% of the time, was observed. */
export function observedWords(share: number | null | undefined, observedMs: number, wholeMs: number): string | undefined {
  if (share == null || observedMs >= wholeMs * 0.99) return undefined
  const minutes = Math.floor(observedMs / 60_000)
  if (minutes < 1) return 'of less than a minute observed'
  if (minutes < 120) return `of the ${plural(minutes, 'minute')} observed`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `of the ${hours} hours observed` : `of the ${Math.floor(hours / 24)} days observed`
}
