import { defineEntity, p } from '@mikro-orm/core'
import type { TimelineKind } from './timeline-entry.ts'

/** Something that happened on this node. Names instead of foreign keys, because it outlives its app. */
export const TimelineEntity = defineEntity({
  name: 'TimelineEntry',
  tableName: 'timeline_entries',
  properties: {
    id: p.integer().primary().autoincrement(),
    kind: p.string().$type<TimelineKind>(),
    what: p.string(),
    at: p.datetime(),
    until: p.datetime().strictNullable(),
    /** Empty for what concerns no app. */
    app: p.string(),
    name: p.string(),
    detail: p.text().strictNullable(),
    times: p.integer(),
  },
  indexes: [{ properties: ['at'] }, { properties: ['app', 'at'] }],
})
