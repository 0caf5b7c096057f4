import { z } from '@hono/zod-openapi'
import { readPosition, writePosition, type LogPosition, type LogRange } from '../../apps/logs/log-line.ts'
import { bounds } from '../../bounds.ts'
import { appRefusals } from '../../app-wire.ts'
import { forbidden, idParam, refused, streamed } from './declared-call.ts'

/** Calls for the logs of a node's containers. */

const listed = z.string().max(64 * 1024)
const timestamp = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/)

const rangeQuery = z.object({
  tail: z.coerce.number().int().min(0).max(bounds.logs.tail).optional(),
  since: timestamp.optional(),
  after: listed.optional().openapi({ description: 'Positions, separated by commas. Empty: from the start of the log' }),
  follow: z.enum(['true', 'false']).default('false'),
})

const positionsOf = (text: string | undefined): LogPosition[] | null =>
  text === undefined
    ? null
    : text
        .split(',')
        .map(readPosition)
        .filter((each) => each !== null)
/** In a query, so that no header becomes too long. What is left out is filtered by whoever asks. */
const mostWritten = 80

interface WrittenRange {
  tail?: number | undefined
  since?: string | undefined
  after?: string | undefined
  follow: 'true' | 'false'
}

/** The range in the query of a call. */
export const writeRange = ({ tail, since, after, follow }: LogRange): WrittenRange => ({
  tail: tail ?? undefined,
  since: since ?? undefined,
  after: after?.slice(0, mostWritten).map(writePosition).join(','),
  follow: follow ? 'true' : 'false',
})

export const readRange = ({ tail, since, after, follow }: WrittenRange): LogRange => ({
  tail: tail ?? null,
  since: since ?? null,
  after: positionsOf(after),
  upTo: null,
  follow: follow === 'true',
})

/** What a node must be able to do for any of these. */
export const logsNeed = { needs: () => 'logs' as const }

const base = {
  on: 'every-node',
  contentType: 'application/x-ndjson',
  description: 'Batches of lines, one JSON value per line. Sends an empty line at least every 3 s, and `{"end":true}` at the end',
  ...logsNeed,
  refusals: { ...refused, ...forbidden, 400: appRefusals[400], 404: 'There is no such app or container', 503: appRefusals[503] },
} as const

export const logCalls = {
  appLogs: streamed({
    route: 'GET /api/internal/apps/{id}/logs',
    ...base,
    params: idParam,
    query: rangeQuery.extend({ services: listed.optional().openapi({ description: 'Separated by commas. All of them if left out' }) }),
  }),

  containerLogs: streamed({
    route: 'GET /api/internal/containers/{id}/logs',
    ...base,
    params: idParam,
    query: rangeQuery,
  }),
}
