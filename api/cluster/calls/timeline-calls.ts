import { z } from '@hono/zod-openapi'
import { appRefusals } from '../../app-wire.ts'
import { bounds, earliest, latest } from '../../bounds.ts'
import type { TimelineEntry } from '../../monitoring/timeline/timeline-entry.ts'
import { answered, idParam, refused } from './declared-call.ts'

/** Calls about what happened on a node and to its apps. */

const needs = () => 'timeline' as const
const text = (most: number) => z.string().max(most)
const date = z.coerce.date().min(earliest).max(latest).openapi({ type: 'string', format: 'date-time' })

const entry = z.object({
  // A newer node has words that this version does not know.
  kind: text(50).openapi({ description: '`container`, `operation`, `deploy`, `status`, `docker`, `storage`, `program` or `node`' }),
  what: text(bounds.timeline.what).openapi({ description: 'What happened, such as `started`, or the new status' }),
  at: date,
  until: date.nullable().openapi({ description: 'When it ended, or the last of several' }),
  app: text(bounds.app.name).nullable(),
  name: text(bounds.timeline.name).nullable().openapi({ description: 'The service or container' }),
  detail: text(bounds.timeline.detail).nullable(),
  times: z.int().min(1),
})

export const timelineWire = z
  .object({
    entries: z.array(entry).max(bounds.timeline.entries).openapi({ description: 'The newest first' }),
    more: z.boolean().openapi({ description: 'There are older ones: ask again up to the last' }),
  })
  .openapi('Timeline')

export const timelineQuery = z.object({
  from: date.optional().openapi({ description: 'Default: 31 days before `to`' }),
  to: date.optional().openapi({ description: 'Before this time. Default: now' }),
  first: z.coerce.number().int().min(1).max(bounds.timeline.entries).default(100),
})

/** As another node sent it; its words may be new ones. */
export type ToldTimeline = z.output<typeof timelineWire>

export const writeTimeline = ({ entries, more }: ToldTimeline) => ({
  entries: entries.map((each) => ({ ...each, at: each.at.toISOString(), until: each.until?.toISOString() ?? null })),
  more,
})

const answer = {
  status: 200 as const,
  description: 'What happened, the newest first',
  schema: timelineWire,
  write: (timeline: { entries: TimelineEntry[]; more: boolean }) => writeTimeline(timeline),
  read(json: unknown): { value: ToldTimeline } | null {
    const { data } = timelineWire.safeParse(json)
    return data ? { value: data } : null
  },
}
const refusals = { ...refused, 400: appRefusals[400], 404: 'There is no app with this id', 503: appRefusals[503] }

export const timelineCalls = {
  nodeTimeline: answered({
    route: 'GET /api/internal/system/timeline',
    summary: 'What happened on a node',
    on: 'every-node',
    query: timelineQuery,
    needs,
    refusals,
    answer,
  }),

  appTimeline: answered({
    route: 'GET /api/internal/apps/{id}/timeline',
    summary: 'What happened to an app',
    on: 'every-node',
    params: idParam,
    query: timelineQuery,
    needs,
    refusals,
    answer,
  }),
}
