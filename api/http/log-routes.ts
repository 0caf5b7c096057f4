import { setImmediate as nextTurn } from 'node:timers/promises'
import { createRoute, z } from '@hono/zod-openapi'
import type { LogBatch, LogLine } from '../apps/logs/log-line.ts'
import type { LogStream } from '../apps/logs/log-stream.ts'
import { bounds } from '../bounds.ts'
import { AppError, invalidInput } from '../errors.ts'
import { idParam } from '../cluster/calls/declared-call.ts'
import { appRefusals } from '../app-wire.ts'
import { takesOnly } from './known-fields.ts'
import { invalid, problem } from './route-parts.ts'
import type { Router } from './router.ts'

const { tail: most } = bounds.logs
const wrongTail = `must be a whole number from 0 to ${most}`

const rangeQuery = z.object({
  tail: z
    .string()
    .regex(/^\d{1,5}$/, wrongTail)
    .transform(Number)
    .refine((count) => count <= most, wrongTail)
    .optional()
    .openapi({ type: 'integer', minimum: 0, maximum: most, description: 'Starts with the last so many lines. Default: 200' }),
  since: z
    .string()
    .refine((text) => /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text)), 'must be a date and time in ISO 8601')
    .transform((text) => new Date(text))
    .optional()
    .openapi({ type: 'string', format: 'date-time', description: 'Starts with nothing older' }),
  follow: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .optional()
    .openapi({ description: 'Goes on until the caller leaves. Default: false' }),
})
const appQuery = rangeQuery.extend({
  service: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .openapi({ type: 'array', items: { type: 'string' }, description: 'Only this service. Can be repeated' }),
})
const containerParams = idParam.extend({ container_id: z.string().openapi({ description: "The container's id or name" }) })

const responses = (what: string) => ({
  200: { content: { 'text/plain': { schema: z.string() } }, description: `One line each: time, service if it has one, text. ${what}` },
  400: invalid,
  404: problem('There is no such app, node or container'),
  501: problem("The node runs an older version, or the container's log cannot be read"),
  503: problem(appRefusals[503]),
})

const paths = { app: '/api/apps/{id}/logs', container: '/api/nodes/{id}/containers/{container_id}/logs' } as const
const routes = {
  app: createRoute({
    method: 'get',
    path: paths.app,
    tags: ['apps'],
    summary: 'Returns what the containers of an app print, all services in time order',
    request: { params: idParam, query: appQuery },
    responses: responses('Where lines were skipped because the reader was slow, a line says how many'),
  }),
  container: createRoute({
    method: 'get',
    path: paths.container,
    tags: ['nodes'],
    summary: 'Returns what any container on a node prints',
    request: { params: containerParams, query: rangeQuery },
    responses: responses('Likewise'),
  }),
}

/** Logs as text, for curl. */
export function serveUserLogs(router: Router): void {
  router.get('/api/apps/:id/logs', takesOnly({ query: appQuery }))
  router.get('/api/nodes/:id/containers/:container_id/logs', takesOnly({ query: rangeQuery }))
  router.openapi(routes.app, async (c) => {
    const { service, follow, ...range } = c.req.valid('query')
    const services = service === undefined ? null : [service].flat()
    const log = c.get('user').logs.ofApp(c.req.valid('param').id, { ...range, services, follow: follow === 'true' })
    return textResponse(log, c.req.raw.signal)
  })
  router.openapi(routes.container, async (c) => {
    const { follow, ...range } = c.req.valid('query')
    const { id, container_id: containerId } = c.req.valid('param')
    const log = c.get('user').logs.ofContainer(id, containerId, { ...range, follow: follow === 'true' })
    return textResponse(log, c.req.raw.signal)
  })
}

/** Waits for the first batch, so that a refusal is an answer of its own. Reads on only as fast as the caller does. */
async function textResponse(log: LogStream, signal: AbortSignal): Promise<Response> {
  const stop = (): void => void log.return?.()
  signal.addEventListener('abort', stop)
  const encoder = new TextEncoder()
  const first = await log.next().catch((error: unknown) => {
    throw byParameter(error)
  })
  let waiting: typeof first | undefined = first
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value, done } = waiting ?? (await log.next())
        waiting = undefined
        if (done) return controller.close()
        controller.enqueue(encoder.encode(textOf(value)))
        // Other work gets a turn.
        await nextTurn()
      },
      cancel: stop,
    },
    { highWaterMark: 0 },
  )
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }
  return new Response(body, { headers })
}

/** The parameter is called `service` here. */
const byParameter = (error: unknown): unknown =>
  error instanceof AppError && error.fields.some(({ field }) => field === 'services')
    ? invalidInput(error.fields.map((each) => ({ ...each, field: each.field.replace(/^services$/, 'service') })))
    : error

const textOf = ({ lines, skipped, passed }: LogBatch): string => {
  const at = lines[0]?.at ?? passed[0]?.at ?? ''
  const notice = skipped > 0 ? `${at} -- skipped ${skipped} lines, because they were read too slowly\n` : ''
  return notice + lines.map(lineOf).join('')
}

/** A time is missing only if Docker did not say it. */
const lineOf = ({ at, service, text }: LogLine): string =>
  `${at ?? '-'} ${service === null ? '' : `${service} `}${text.replaceAll('\n', '␊')}\n`
