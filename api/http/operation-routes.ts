import { createRoute, z } from '@hono/zod-openapi'
import { appCalls } from '../cluster/calls/app-calls.ts'
import { idParam, routeOf } from '../cluster/calls/declared-call.ts'
import { notFound } from '../errors.ts'
import { operationWire, toWire } from '../wire.ts'
import { takesOnly } from './known-fields.ts'
import { json, problem } from './route-parts.ts'
import { createRouter, type Router } from './router.ts'
import { forPeople, serveCall } from './serve-call.ts'

const people = forPeople('operations')
const nothing = z.object({})

const get = createRoute({
  method: 'get',
  path: '/api/operations/{id}',
  tags: ['operations'],
  summary: 'Returns an operation: its status, how far it is, and what it printed',
  request: { params: idParam },
  responses: { 200: json(operationWire, 'As it is now'), 404: problem('There is no operation with this id') },
})

/** Routes for operations on apps and nodes, for people and scripts. */
export function operationRoutes(): Router {
  const router = createRouter()
  router.openapi(get, (c) => {
    const { id } = c.req.valid('param')
    const operation = c.get('user').operations.find(id)
    if (!operation) throw notFound('operation', id)
    return c.json(toWire(operation), 200)
  })
  for (const call of [appCalls.retryOperation, appCalls.cancelOperation]) {
    router.post(people.pathOf(routeOf(call).path).replace('{id}', ':id'), takesOnly({ query: nothing, body: nothing }))
  }
  serveCall(router, appCalls.retryOperation, ({ id }, c) => c.get('user').operations.retry(id), people)
  serveCall(router, appCalls.cancelOperation, ({ id }, c) => c.get('user').operations.cancel(id), people)
  return router
}
