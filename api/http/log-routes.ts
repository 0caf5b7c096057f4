import { setImmediate as nextTurn } from 'node:timers/promises'
import { z, type RouteConfig } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { LogBatch, LogLine } from '../apps/logs/log-line.ts'
import type { LogStream } from '../apps/logs/log-stream.ts'
import { bounds } from '../bounds.ts'
import { AppError, invalidInput } from '../errors.ts'
import { idParam } from '../cluster/calls/declared-call.ts'
import { appRefusals } from '../app-wire.ts'
import { takesOnly } from './known-fields.ts'
import { invalid, problem } from './route-parts.ts'
import type { HttpEnv, Router } from './router.ts'

const { tail: most } = bounds.logs
const wrongTail = `must be a whole number from 0 to ${most}`

const rangeQuery = z.object({
  tail: z
    .string()
    .regex(/^\d{1,5}$/, wrongTail)
    .transform(Number)
    .refine((count) => count <= most, wrongTail)
    .optional()
    .openapi({
      type: 'integer',
      minimum: 0,
      maximum: most,
      description: `Starts with the last so many lines. Default: 200, or ${most} with \`since\``,
    }),
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
    .array(z.string().min(1, 'must be the name of a service'))
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
const routes: Record<'app' | 'container', RouteConfig> = {
  app: {
    method: 'get',
    path: paths.app,
    tags: ['apps'],
    summary: 'Returns what the containers of an app print, all services in time order',
    request: { params: idParam, query: appQuery },
    responses: responses('Where lines were skipped because the reader was slow, a line says how many'),
  },
  container: {
    method: 'get',
    path: paths.container,
    tags: ['nodes'],
    summary: 'Returns what any container on a node prints',
    request: { params: containerParams, query: rangeQuery },
    responses: responses('Likewise'),
  },
}

/** Logs as text, for curl. */
export function serveUserLogs(router: Router): void {
  for (const route of Object.values(routes)) router.openAPIRegistry.registerPath(route)
  router.get('/api/apps/:id/logs', takesOnly({ query: appQuery }), (c) => {
    const { service, ...asked } = queryOf(c, appQuery)
    return textResponse(c, c.get('user').logs.ofApp(c.req.param('id'), { ...rangeOf(asked), services: service }))
  })
  router.get('/api/nodes/:id/containers/:container_id/logs', takesOnly({ query: rangeQuery }), (c) => {
    const range = rangeOf(queryOf(c, rangeQuery))
    const { id, container_id: containerId } = c.req.param()
    return textResponse(c, c.get('user').logs.ofContainer(id, containerId, range))
  })
}

/** Who names a time wants all since then, not 200 lines of it. */
const rangeOf = ({ tail, since, follow }: z.output<typeof rangeQuery>) => ({
  ...{ since, tail: tail ?? (since ? most : undefined), follow: follow === 'true' },
})

/** @throws INVALID_INPUT */
function queryOf<Query extends z.ZodObject>(c: Context<HttpEnv>, query: Query): z.output<Query> {
  const services = c.req.queries('service')
  const parsed = query.safeParse({ ...c.req.query(), ...(services && { service: services }) })
  if (parsed.success) return parsed.data
  throw invalidInput(parsed.error.issues.map(({ path: [name], message }) => ({ field: String(name), message })))
}

/** Waits for the first batch, so that a refusal is an answer of its own. Reads on only as fast as the caller does. */
async function textResponse(c: Context<HttpEnv>, log: LogStream): Promise<Response> {
  const { signal } = c.req.raw
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
