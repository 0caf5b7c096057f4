import { defineEntity, p } from '@mikro-orm/core'
import type { AlarmKind } from './alarm.ts'

/** An open alarm, so that its end is noticed even if this program does not run meanwhile. */
export const AlarmEntity = defineEntity({
  name: 'Alarm',
  tableName: 'alarms',
  properties: {
    id: p.string().primary(),
    kind: p.string().$type<AlarmKind>(),
    /** No foreign keys: an alarm outlives its node and app until its end is written. */
    nodeId: p.uuid().strictNullable(),
    appId: p.uuid().strictNullable(),
    part: p.string(),
    nodeName: p.string().strictNullable(),
    appName: p.string().strictNullable(),
    message: p.text(),
    since: p.datetime(),
  },
})
