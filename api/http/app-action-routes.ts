import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { AppOperation } from '../apps/app-service.ts'
import { appActionCalls } from '../cluster/calls/app-calls.ts'
import { routeOf, type AnsweredCall } from '../cluster/calls/declared-call.ts'
import type { UserApi } from '../user/user-api.ts'
import { takesOnly } from './known-fields.ts'
import type { HttpEnv, Router } from './router.ts'
import { forPeople, serveCall } from './serve-call.ts'

type AppActionName = keyof typeof appActionCalls
type AppActionCall = AnsweredCall<never, AppOperation, AppOperation>

/** An app as GET shows it to the caller. @throws NOT_FOUND */
type Present = (apps: UserApi['apps'], id: string) => object

const nothing = z.object({})
const people = forPeople('apps')

/** Serves each action on an app to people: what the call between nodes takes, by the same method, at the same path without `/internal`. */
export function serveAppActions(router: Router, present: Present): void {
  for (const [name, call] of Object.entries<AppActionCall>(appActionCalls)) {
    refuseIgnoredFields(router, call, present)
    // A call and the caller's function have the same name, and so the same input.
    serveCall(router, call, (input, c) => c.get('user').apps[name as AppActionName](input), people)
  }
}

/** Nodes ignore each other's unknown fields, because their versions can differ. People get an error for fields without effect. */
function refuseIgnoredFields(router: Router, call: AppActionCall, present: Present): void {
  const { method, path } = routeOf(call)
  const { query = nothing, body } = call
  const current = (c: Context<HttpEnv>) => present(c.get('user').apps, c.req.param('id') ?? '')
  const fixed = ['id', 'name', 'node_id', 'desired_state', 'version']
  const known =
    method === 'PUT' && body ? { body: body.schema, current, fixed } : method === 'POST' ? { body: body?.schema ?? nothing } : {}
  router.on(method, people.pathOf(path).replace('{id}', ':id'), takesOnly({ query, ...known }))
}
