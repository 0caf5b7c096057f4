import { cronProblem, nextTimes } from '../../../../api/apps/schedules/cron-times.ts'

const shown = 5

/** What is wrong with a cron expression, as the server would say it. */
export const cronFault = (cron: string, now: Date): string | undefined => cronProblem(cron, now) ?? undefined

/** The next times of a schedule that is not saved yet, as the server would compute them. */
export function previewOf({ cron, timeZone }: { cron: string; timeZone: string }, now: Date): string[] {
  if (cronProblem(cron, now) !== null) return []
  try {
    return nextTimes(cron, timeZone, now, shown).map((at) => at.toISOString())
  } catch {
    // A time zone that this browser does not know. The server says its times after saving.
    return []
  }
}
