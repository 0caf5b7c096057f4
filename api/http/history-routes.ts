import { createRoute, z } from '@hono/zod-openapi'
import { idParam } from '../cluster/calls/declared-call.ts'
import { appHistoryQuery, historyCalls, historyWire, nodeHistoryQuery, writeHistory } from '../cluster/calls/history-calls.ts'
import type { KnownHistory } from '../user/history.ts'
import { takesOnly } from './known-fields.ts'
import { invalid, json, listOf, problem } from './route-parts.ts'
import { createRouter, type Router } from './router.ts'

const knownHistoryWire = historyWire
  .extend({
    source: z
      .enum(['node', 'primary'])
      .openapi({ description: '`primary`: the node cannot be asked; this is what the primary knows of its last day' }),
    error: z.string().nullable().openapi({ description: 'Why the node cannot be asked' }),
  })
  .openapi('KnownHistory')

const present = (known: KnownHistory) => ({ ...writeHistory(known), source: known.source, error: known.error })

const { refusals } = historyCalls.appHistory
const responses = {
  200: json(knownHistoryWire, historyCalls.nodeHistory.answer.description),
  400: invalid,
  503: problem(refusals[503] ?? ''),
}

const ofNode = createRoute({
  method: 'get',
  path: '/api/nodes/{id}/history',
  tags: ['stats'],
  summary: 'What a node used, and what happened meanwhile',
  request: { params: idParam, query: nodeHistoryQuery },
  responses: { ...responses, 404: problem('There is no node with this id') },
})
const ofApp = createRoute({
  method: 'get',
  path: '/api/apps/{id}/history',
  tags: ['stats'],
  summary: 'What the services of an app used, and what happened meanwhile',
  request: { params: idParam, query: appHistoryQuery },
  responses: { ...responses, 404: problem(refusals[404] ?? '') },
})

/** Routes for what nodes and apps used before. */
export function historyRoutes(): Router {
  const router = createRouter()
  router.get('/api/nodes/:id/history', takesOnly({ query: nodeHistoryQuery }))
  router.openapi(ofNode, async (c) => {
    const { containers, ...span } = c.req.valid('query')
    const history = await c.get('user').history.ofNode(c.req.valid('param').id, span, listOf(containers))
    return c.json(present(history), 200)
  })
  router.get('/api/apps/:id/history', takesOnly({ query: appHistoryQuery }))
  router.openapi(ofApp, async (c) => {
    const { services, ...span } = c.req.valid('query')
    const history = await c.get('user').history.ofApp(c.req.valid('param').id, span, listOf(services))
    return c.json(present(history), 200)
  })
  return router
}
