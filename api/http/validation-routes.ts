import { createRoute } from '@hono/zod-openapi'
import { validateAppBody } from '../app-wire.ts'
import { validationRefusals } from '../cluster/calls/app-calls.ts'
import { fromWire, toWire, validationWire } from '../wire.ts'
import { takesOnly } from './known-fields.ts'
import { invalid, json, nodeQuery, problem } from './route-parts.ts'
import type { Router } from './router.ts'

const path = '/api/apps/validate'

const validate = createRoute({
  method: 'post',
  path,
  tags: ['apps'],
  summary: 'Checks a draft as creating or updating the app would. Changes nothing',
  request: { query: nodeQuery, body: { ...json(validateAppBody, 'The draft'), required: true } },
  responses: {
    200: json(validationWire, 'What is wrong with it, and what to know before deploying it'),
    400: invalid,
    404: problem(validationRefusals[404]),
    409: problem(validationRefusals[409]),
    429: problem(validationRefusals[429]),
    503: problem(validationRefusals[503]),
  },
})

/** The route that checks a draft of an app, for people and scripts. */
export function serveValidation(router: Router): void {
  router.post(path, takesOnly({ query: nodeQuery, body: validateAppBody }))
  router.openapi(validate, async (c) => {
    const { apps, nodes } = c.get('user')
    const { node_id: nodeId } = c.req.valid('query')
    const draft = fromWire(c.req.valid('json'))
    return c.json(toWire(await apps.validateApp(nodeId || nodes.selfId, draft, c.req.raw.signal)), 200)
  })
}
