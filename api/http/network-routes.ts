import { createRoute } from '@hono/zod-openapi'
import { createNetworkBody, networkRefusals } from '../cluster/calls/network-calls.ts'
import { fromWire, networkWire, toWire } from '../wire.ts'
import { takesOnly } from './known-fields.ts'
import { invalid, json, nodeQuery, problem } from './route-parts.ts'
import type { Router } from './router.ts'

const path = '/api/networks'

const create = createRoute({
  method: 'post',
  path,
  tags: ['apps'],
  summary: 'Makes a network that apps on a node share as an external one',
  request: { query: nodeQuery, body: { ...json(createNetworkBody, 'The network'), required: true } },
  responses: {
    200: json(networkWire, 'The network'),
    400: invalid,
    404: problem('No such node'),
    409: problem(networkRefusals[409]),
    503: problem(networkRefusals[503]),
  },
})

/** The route that makes a network, for people and scripts. */
export function serveNetworks(router: Router): void {
  router.post(path, takesOnly({ query: nodeQuery, body: createNetworkBody }))
  router.openapi(create, async (c) => {
    const { apps, nodes } = c.get('user')
    const { node_id: nodeId } = c.req.valid('query')
    return c.json(toWire(await apps.createNetwork(nodeId || nodes.selfId, fromWire(c.req.valid('json')).name)), 200)
  })
}
