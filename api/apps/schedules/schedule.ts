/** `unknown` stands for an action that only another version knows. */
export const scheduleActions = ['start', 'stop', 'restart', 'unknown'] as const
export type ScheduleAction = (typeof scheduleActions)[number]

/** Something that is done to an app again and again, by its own node. */
export interface AppSchedule {
  id: string
  action: ScheduleAction
  /** Five fields: minute, hour, day of the month, month, day of the week. */
  cron: string
  /** Such as `Europe/Berlin`. */
  timeZone: string
  enabled: boolean
  /** The next five times; empty while it is off. */
  nextRuns: Date[]
}
