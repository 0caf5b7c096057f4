import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { ScheduleAction } from './schedule.ts'

/** When something is done to an app. Belongs to the node that runs the app. */
export const AppScheduleEntity = defineEntity({
  name: 'AppSchedule',
  tableName: 'app_schedules',
  properties: {
    id: p.uuid().primary(),
    appId: p.uuid(),
    /** Its place in the list. */
    position: p.integer(),
    action: p.string().$type<ScheduleAction>(),
    cron: p.string(),
    timeZone: p.string(),
    enabled: p.boolean(),
    /** Times up to this one are done with: it was made then, or ran then. */
    doneUntil: p.datetime(),
  },
})

export type AppScheduleRow = InferEntity<typeof AppScheduleEntity>
