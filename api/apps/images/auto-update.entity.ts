import { defineEntity, p, type InferEntity } from '@mikro-orm/core'
import type { ImageSet } from './chosen-updates.ts'

/** When an app's images are updated by themselves. Belongs to the node that runs the app. */
export const AutoUpdateEntity = defineEntity({
  name: 'AutoUpdate',
  tableName: 'auto_updates',
  properties: {
    appId: p.uuid().primary(),
    cron: p.string(),
    timeZone: p.string(),
    windowMinutes: p.integer(),
    minimumAgeHours: p.integer(),
    /** Windows that opened up to this time are done with. */
    doneUntil: p.datetime(),
    /** Images with which the app failed, newest first. Kept here because old versions are deleted. */
    failed: p.json<ImageSet[]>(),
  },
})

export type AutoUpdateRow = InferEntity<typeof AutoUpdateEntity>
