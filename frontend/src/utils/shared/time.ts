const units: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
]

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'long' })
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

/** The clocks of browser and server differ a little. Anything closer than this is shown as `now`. */
const nowSeconds = 3

/** Such as `2 minutes ago`, `in 25 seconds` or `now`. */
export function relativeTime(iso: string, now: Date): string {
  const seconds = Math.round((Date.parse(iso) - now.getTime()) / 1000)
  if (Math.abs(seconds) <= nowSeconds) return 'now'
  const [unit, size] = units.find(([, each]) => Math.abs(seconds) >= each) ?? (['second', 1] as const)
  return relative.format(Math.trunc(seconds / size), unit)
}

const spans = units.map(
  ([unit, size]) => [new Intl.NumberFormat('en', { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: 0 }), size] as const,
)

/** How long something has lasted, such as `5 minutes`. At least 1 second, even if the clocks disagree. */
export function elapsedWords(iso: string, now: Date): string {
  const seconds = Math.max(1, Math.round((now.getTime() - Date.parse(iso)) / 1000))
  const [format, size] = spans.find(([, each]) => seconds >= each) ?? [new Intl.NumberFormat('en'), 1]
  return format.format(Math.trunc(seconds / size))
}

export const exactTime = (iso: string): string => exact.format(new Date(iso))

/** Such as `3 d 4 h`, `12 min` or `8 s`. */
export function durationWords(seconds: number): string {
  const days = Math.floor(seconds / 86_400)
  const hours = Math.floor((seconds % 86_400) / 3_600)
  const minutes = Math.floor((seconds % 3_600) / 60)
  if (days > 0) return `${days} d ${hours} h`
  if (hours > 0) return `${hours} h ${minutes} min`
  return minutes > 0 ? `${minutes} min` : `${Math.floor(seconds)} s`
}
