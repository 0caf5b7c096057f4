import { z } from '@hono/zod-openapi'
import { appRefusals } from '../../app-wire.ts'
import { bounds, earliest, latest } from '../../bounds.ts'
import type { History } from '../../monitoring/history/history.ts'
import { answered, idParam, nothing, refused } from './declared-call.ts'

/** Calls about what a node and its containers used, now and before. */

const needs = () => 'history' as const
const text = (most: number) => z.string().max(most)
const time = z.coerce.date().min(earliest).max(latest)
const date = time.openapi({ type: 'string', format: 'date-time' })
/** A newer node has words that this version does not know. */
const word = z.string().max(50)

const series = z.object({
  kind: word.openapi({ description: '`node`, `disk`, `service` or `container`' }),
  name: text(bounds.history.name).nullable().openapi({ description: 'Null for the node itself' }),
  metrics: z
    .array(z.object({ metric: word, values: z.array(z.number().nullable()).max(bounds.history.points + 2) }))
    .max(bounds.history.metrics),
})

const mark = z.object({
  kind: word.openapi({ description: '`deploy`, `restart`, `outage` or `maintenance`' }),
  at: date,
  until: date.nullable(),
  app: text(bounds.app.name).nullable(),
  name: text(bounds.history.name).nullable(),
  times: z.int().min(1),
  version: z.int().nullable(),
  detail: text(bounds.history.detail).nullable(),
})

export const historyWire = z
  .object({
    from: date,
    step_seconds: z
      .number()
      .positive()
      .openapi({ description: 'The first value of each metric is of this many seconds from `from` on, and so on' }),
    series: z.array(series).max(bounds.history.series),
    more_series: z.int().min(0),
    marks: z.array(mark).max(bounds.history.marks),
  })
  .openapi('History')

const limit = (most: number) => z.coerce.number().int().min(1).max(most)

export const historyQuery = z.object({
  from: date.openapi({ description: 'At most 30 days ago' }),
  to: date.optional().openapi({ description: 'Default: now' }),
  points: limit(bounds.history.points).default(240).openapi({ description: 'Most values per metric' }),
})
export const nodeHistoryQuery = historyQuery.extend({
  containers: z.string().max(20_000).optional().openapi({ description: 'Names of containers of no app, separated by commas' }),
})
export const appHistoryQuery = historyQuery.extend({
  services: z.string().max(20_000).optional().openapi({ description: 'Names, separated by commas. Default: all' }),
})

type HistoryJson = z.output<typeof historyWire>

export const writeHistory = ({ from, stepSeconds, series, moreSeries, marks }: ToldHistory) => ({
  from: from.toISOString(),
  step_seconds: stepSeconds,
  series,
  more_series: moreSeries,
  marks: marks.map((each) => ({ ...each, at: each.at.toISOString(), until: each.until?.toISOString() ?? null })),
})

/** As another node sent it; its words may be new ones. */
export type ToldHistory = Pick<History, 'from' | 'stepSeconds' | 'moreSeries'> & Pick<HistoryJson, 'series' | 'marks'>

function readHistory(json: unknown): { value: ToldHistory } | null {
  const { data } = historyWire.safeParse(json)
  if (!data) return null
  const { step_seconds: stepSeconds, more_series: moreSeries, ...same } = data
  return { value: { ...same, stepSeconds, moreSeries } }
}

const answer = {
  status: 200 as const,
  description: 'Values on an even grid, null where nothing was measured, and what happened meanwhile',
  schema: historyWire,
  write: (history: History) => writeHistory(history),
  read: readHistory,
}
const refusals = { ...refused, 400: appRefusals[400], 404: 'There is no app with this id', 503: appRefusals[503] }
/** A month of a node takes its database a fraction of a second. */
const deadlineMs = 8000

export const historyCalls = {
  nodeHistory: answered({
    route: 'GET /api/internal/system/history',
    summary: 'What a node used',
    on: 'every-node',
    query: nodeHistoryQuery,
    needs,
    deadlineMs,
    refusals,
    answer,
  }),

  appHistory: answered({
    route: 'GET /api/internal/apps/{id}/history',
    summary: 'What the services of an app used',
    on: 'every-node',
    params: idParam,
    query: appHistoryQuery,
    needs,
    deadlineMs,
    refusals,
    answer,
  }),
}

export const watchCalls = {
  watchStats: answered({
    route: 'POST /api/internal/system/watch',
    summary: 'Somebody looks at the node: it measures every second for a while',
    on: 'secondary',
    body: { schema: z.object({ seconds: limit(60) }), description: 'For how long, unless the caller asks again' },
    needs,
    deadlineMs: 5000,
    refusals: refused,
    answer: { status: 204, description: 'The node measures every second', ...nothing },
  }),
}
