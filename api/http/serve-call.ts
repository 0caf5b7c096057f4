import { createRoute, z, type RouteConfig } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { routeOf, type AnsweredCall, type DuplexCall, type StreamCall } from '../cluster/calls/declared-call.ts'
import { fromWire } from '../wire.ts'
import { json, problem } from './route-parts.ts'
import type { HttpEnv, Router } from './router.ts'

/** The routes of declared calls between nodes, and of those that people make too. */

interface Surface {
  tag: string
  pathOf(path: string): string
}

const ofNodes: Surface = { tag: 'internal', pathOf: (path) => path }

/** For people, a call is at the same path without `/internal`. */
export const forPeople = (tag: string): Surface => ({ tag, pathOf: (path) => path.replace('/internal/', '/') })

type Call = Omit<AnsweredCall<never, unknown, unknown>, 'kind' | 'answer'>

const routeConfig = (call: Call, responses: RouteConfig['responses'], { tag, pathOf } = ofNodes): RouteConfig => {
  const { method, path } = routeOf(call)
  const { summary, params, query, body, refusals } = call
  return createRoute({
    method: method.toLowerCase() as RouteConfig['method'],
    path: pathOf(path),
    tags: [tag],
    ...(summary ? { summary } : {}),
    request: {
      ...(params ? { params } : {}),
      ...(query ? { query } : {}),
      ...(body && !body.isLenient ? { body: { ...json(body.schema, body.description), required: true } } : {}),
    },
    responses: {
      ...responses,
      ...Object.fromEntries(Object.entries(refusals).map(([status, description]) => [status, problem(description)])),
    },
  })
}

/** What the caller put into the path, the query and the body, after the validators of the route. */
async function inputOf<Input extends object>(call: Pick<Call, 'params' | 'query' | 'body'>, c: Context<HttpEnv>): Promise<Input> {
  const valid = (target: string): object => c.req.valid(target as never)
  const parts = {
    ...(call.params ? valid('param') : {}),
    ...(call.query ? valid('query') : {}),
    ...(call.body && !call.body.isLenient ? valid('json') : {}),
  }
  const loose = call.body?.isLenient ? call.body.schema.safeParse(await c.req.json().catch(() => null)).data : {}
  // The declaration says that its schemas make this input.
  return { ...fromWire(parts), ...loose } as Input
}

/** Serves a call with one answer. */
export function serveCall<Input extends object, Output, Read>(
  router: Router,
  call: AnsweredCall<Input, Output, Read>,
  handler: (input: Input, c: Context<HttpEnv>) => Promise<Output>,
  surface?: Surface,
): void {
  const { answer } = call
  const { description, status } = answer
  const responses = { [status]: answer.schema ? json(answer.schema, description) : { description } }
  router.openapi(routeConfig(call, responses, surface), async (c) => {
    const output = await handler(await inputOf<Input>(call, c), c)
    if (answer.isSecret) c.header('cache-control', 'no-store')
    return answer.schema ? c.json(answer.write(output), answer.status) : c.body(null, answer.status)
  })
}

/** Serves a stream. `open` returns the response whose body it is. In a duplex call, the request's body is the other direction. */
export function serveStream<Input extends object>(
  router: Router,
  call: StreamCall<Input> | DuplexCall<Input>,
  open: (input: Input, c: Context<HttpEnv>) => Response | Promise<Response>,
): void {
  const content = { [call.contentType]: { schema: z.string() } }
  router.openapi(routeConfig(call, { 200: { content, description: call.description } }), async (c) =>
    open(await inputOf<Input>(call, c), c),
  )
}
