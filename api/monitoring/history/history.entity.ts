import { defineEntity, p } from '@mikro-orm/core'
import type { MarkKind } from './mark.ts'
import type { SeriesKind } from './series.ts'

/** How fine a frame is: of 30 s, of 15 minutes, or of the totals that a primary keeps of its nodes. */
export type Tier = 'fine' | 'coarse' | 'nodes'

/** The name of a series, so that frames need only its number. */
export const HistorySeriesEntity = defineEntity({
  name: 'HistorySeries',
  tableName: 'history_series',
  properties: {
    id: p.integer().primary().autoincrement(),
    kind: p.string().$type<SeriesKind>(),
    /** Empty for what belongs to no app. */
    app: p.string(),
    name: p.string(),
    seenAt: p.datetime(),
  },
  uniques: [{ properties: ['kind', 'app', 'name'] }],
})

/** What was measured of all series in one span of time; `frame.ts` knows how it is packed. */
export const HistoryFrameEntity = defineEntity({
  name: 'HistoryFrame',
  tableName: 'history_frames',
  properties: {
    id: p.integer().primary().autoincrement(),
    tier: p.string().$type<Tier>(),
    /** When the span began. */
    at: p.datetime(),
    packed: p.blob(),
  },
  uniques: [{ properties: ['tier', 'at'] }],
  indexes: [{ properties: ['tier', 'id'] }],
})

/** Something that happened, for the time axis. */
export const HistoryMarkEntity = defineEntity({
  name: 'HistoryMark',
  tableName: 'history_marks',
  properties: {
    id: p.integer().primary().autoincrement(),
    kind: p.string().$type<MarkKind>(),
    at: p.datetime(),
    /** The end of what lasted, or the last of several. Null while it lasts. */
    until: p.datetime().strictNullable(),
    /** Empty for what concerns no node but this one. */
    nodeId: p.string(),
    app: p.string(),
    name: p.string(),
    times: p.integer(),
  },
  indexes: [{ properties: ['at'] }],
})
