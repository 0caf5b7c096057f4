import { createRoute, z } from '@hono/zod-openapi'
import { idParam } from '../cluster/calls/declared-call.ts'
import { timelineQuery, timelineWire, writeTimeline } from '../cluster/calls/timeline-calls.ts'
import type { KnownTimeline } from '../user/timeline.ts'
import { takesOnly } from './known-fields.ts'
import { invalid, json, problem } from './route-parts.ts'
import { createRouter, type Router } from './router.ts'

const knownTimelineWire = timelineWire
  .extend({
    error: z
      .string()
      .nullable()
      .openapi({ description: 'Why the node cannot be asked. The entries are then only what the primary knows of it' }),
  })
  .openapi('KnownTimeline')

const present = (known: KnownTimeline) => ({ ...writeTimeline(known), error: known.error })
const responses = { 200: json(knownTimelineWire, 'What happened, the newest first'), 400: invalid }

const ofNode = createRoute({
  method: 'get',
  path: '/api/nodes/{id}/timeline',
  tags: ['stats'],
  summary: 'What happened on a node',
  request: { params: idParam, query: timelineQuery },
  responses: { ...responses, 404: problem('There is no node with this id') },
})
const ofApp = createRoute({
  method: 'get',
  path: '/api/apps/{id}/timeline',
  tags: ['stats'],
  summary: 'What happened to an app',
  request: { params: idParam, query: timelineQuery },
  responses: { ...responses, 404: problem('There is no app with this id') },
})

/** Routes for what happened on nodes and to apps. */
export function timelineRoutes(): Router {
  const router = createRouter()
  router.get('/api/nodes/:id/timeline', takesOnly({ query: timelineQuery }))
  router.openapi(ofNode, async (c) =>
    c.json(present(await c.get('user').timeline.ofNode(c.req.valid('param').id, c.req.valid('query'))), 200),
  )
  router.get('/api/apps/:id/timeline', takesOnly({ query: timelineQuery }))
  router.openapi(ofApp, async (c) =>
    c.json(present(await c.get('user').timeline.ofApp(c.req.valid('param').id, c.req.valid('query'))), 200),
  )
  return router
}
