import { Cron } from 'croner'

const parse = (cron: string, timeZone: string): Cron => new Cron(cron, { timezone: timeZone, mode: '5-part', paused: true })

/**
 * The next times of a cron expression, strictly after `from`. In a time zone with summer time, a time that does not exist on the day
 * on which the clock is set forward is moved to the end of the gap, and one that comes twice when it is set back counts once.
 */
export const nextTimes = (cron: string, timeZone: string, from: Date, count: number): Date[] => parse(cron, timeZone).nextRuns(count, from)

/** What is wrong with an expression; null if it names times that come. Nicknames such as `@daily` are not among the five fields. */
export function cronProblem(cron: string, now: Date): string | null {
  const fields = cron.trim().split(/\s+/)
  if (fields.length !== 5) return 'must have five fields: minute, hour, day of the month, month, day of the week. For example 30 3 * * 1-5'
  const wrong = parts.find((_, index) => !isCron(fields.map((field, at) => (at === index ? field : '*')).join(' ')))
  if (wrong) {
    const [name, values] = wrong
    return `has ${JSON.stringify(fields[parts.indexOf(wrong)])} for the ${name}. Write *, ${values}, a list such as 1,3, a range such as 1-3 or steps such as */2`
  }
  return nextTimes(cron, 'UTC', now, 1).length === 0 ? 'never comes. No year has such a day' : null
}

const parts = [
  ['minute', 'a number from 0 to 59'],
  ['hour', 'a number from 0 to 23'],
  ['day of the month', 'a number from 1 to 31, L for the last'],
  ['month', 'a number from 1 to 12, a name such as jan'],
  ['day of the week', 'a number from 0 (Sunday) to 6, a name such as mon'],
] as const

function isCron(cron: string): boolean {
  try {
    parse(cron, 'UTC')
    return true
  } catch {
    return false
  }
}

export function timeZoneProblem(timeZone: string): string | null {
  try {
    new Intl.DateTimeFormat('en', { timeZone })
    return null
  } catch {
    return 'must be the name of a time zone such as Europe/Berlin or UTC'
  }
}
