import { createRoute, z } from '@hono/zod-openapi'
import { appOperationWire, appRefusals, presentAppOperation } from '../app-wire.ts'
import { idParam } from '../cluster/calls/declared-call.ts'
import { takesOnly } from './known-fields.ts'
import { invalid, json, problem } from './route-parts.ts'
import type { Router } from './router.ts'

const recreateBody = z
  .object({ node_id: z.string().openapi({ description: 'The node on which the app is made again' }) })
  .openapi('RecreateApp')

const recreate = createRoute({
  method: 'post',
  path: '/api/apps/{id}/recreate',
  tags: ['apps'],
  summary: "Makes an app of a node that is down again on another one, from the primary's copy",
  request: { params: idParam, body: { ...json(recreateBody, 'The other node'), required: true } },
  responses: {
    202: json(appOperationWire, 'The deployment was queued'),
    400: invalid,
    404: problem('There is no app or no node with this id'),
    409: problem("The app's own node is online, or the app was made again already"),
    422: problem(appRefusals[422]),
    503: problem('The other node is not online, or Docker does not answer there'),
  },
})

/** The route that makes an app again elsewhere. */
export function serveRecreate(router: Router): void {
  router.post('/api/apps/:id/recreate', takesOnly({ body: recreateBody }))
  router.openapi(recreate, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(presentAppOperation(await c.get('user').apps.recreateApp(id, c.req.valid('json').node_id)), 202)
  })
}
