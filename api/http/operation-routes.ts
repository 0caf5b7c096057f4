import { z } from '@hono/zod-openapi'
import { appCalls } from '../cluster/calls/app-calls.ts'
import { routeOf } from '../cluster/calls/declared-call.ts'
import { takesOnly } from './known-fields.ts'
import { createRouter, type Router } from './router.ts'
import { forPeople, serveCall } from './serve-call.ts'

const people = forPeople('operations')
const nothing = z.object({})

/** Routes for operations on apps, for people and scripts. */
export function operationRoutes(): Router {
  const router = createRouter()
  for (const call of [appCalls.retryOperation, appCalls.cancelOperation]) {
    router.post(people.pathOf(routeOf(call).path).replace('{id}', ':id'), takesOnly({ query: nothing, body: nothing }))
  }
  serveCall(router, appCalls.retryOperation, ({ id }, c) => c.get('user').operations.retry(id), people)
  serveCall(router, appCalls.cancelOperation, ({ id }, c) => c.get('user').operations.cancel(id), people)
  return router
}
