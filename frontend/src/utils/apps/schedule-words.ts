import type { ScheduleAction } from '../../graphql/generated/graphql.ts'

export const scheduleActions = {
  START: { label: 'Start', icon: 'i-lucide-play' },
  STOP: { label: 'Stop', icon: 'i-lucide-square' },
  RESTART: { label: 'Restart', icon: 'i-lucide-rotate-cw' },
  UNKNOWN: { label: 'Action of a newer version', icon: 'i-lucide-circle-help' },
} as const satisfies Record<ScheduleAction, { label: string; icon: string }>

/** Days on which something is usually done, by the last field of a cron expression. */
export const days = {
  '*': 'every day',
  '1-5': 'Monday to Friday',
  '0,6': 'Saturday and Sunday',
  '1': 'Monday',
  '2': 'Tuesday',
  '3': 'Wednesday',
  '4': 'Thursday',
  '5': 'Friday',
  '6': 'Saturday',
  '0': 'Sunday',
} as const
export type Days = keyof typeof days

const isDays = (word: string): word is Days => word in days

/** A cron expression as a person would say it. */
export interface DailyTime {
  days: Days
  /** Such as `03:00`. */
  time: string
}

/** Undefined for an expression that says something else. */
export function dailyTimeOf(cron: string): DailyTime | undefined {
  const [, minute = '', hour = '', on = ''] = /^(\d{1,2}) (\d{1,2}) \* \* (\S+)$/.exec(cron.trim()) ?? []
  if (!isDays(on) || Number(minute) > 59 || Number(hour) > 23) return undefined
  return { days: on, time: `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}` }
}

export function cronOf({ days: on, time }: DailyTime): string {
  const [hour, minute] = time.split(':').map(Number)
  return `${minute ?? 0} ${hour ?? 0} * * ${on}`
}

/** Such as `every day at 03:00`, or the expression itself. */
export function cronWords(cron: string): string {
  const daily = dailyTimeOf(cron)
  return daily ? `${days[daily.days]} at ${daily.time}` : cron
}

/** Such as `Tue, Dec 1, 03:00`, on the clock of that zone. The browser may not know the zone. */
export function runWords(at: string | Date, timeZone: string): string {
  const date = new Date(at)
  const form = { weekday: 'short', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const
  try {
    return new Intl.DateTimeFormat('en', { ...form, timeZone }).format(date)
  } catch {
    return new Intl.DateTimeFormat('en', { ...form, timeZoneName: 'short' }).format(date)
  }
}

/** Those the browser knows, with its own first. */
export function timeZones(): string[] {
  const own = new Intl.DateTimeFormat().resolvedOptions().timeZone
  return [...new Set([own, 'UTC', ...Intl.supportedValuesOf('timeZone')])]
}
