import { createRoute, z } from '@hono/zod-openapi'
import type { KnownStats } from '../cluster/feed/inventory.ts'
import { nodeStatsWire, toWire } from '../wire.ts'
import { askedNodes } from './asked-nodes.ts'
import { takesOnly } from './known-fields.ts'
import { invalid, json, nodeIdsQuery, wholeList } from './route-parts.ts'
import { createRouter, type Router } from './router.ts'

const knownStatsWire = nodeStatsWire
  .partial()
  .extend({ node_id: z.string(), state: z.enum(['ok', 'stale', 'error']), error: z.string().nullable() })
  .openapi('KnownStats')

const presentStats = ({ stats, nodeId, state, error }: KnownStats) => toWire({ ...stats, nodeId, state, error })

/** Stats of all nodes, for people and scripts. */
export function statsRoutes(): Router {
  const router = createRouter()
  router.get('/api/system/stats', takesOnly({ query: nodeIdsQuery }))
  router.openapi(
    createRoute({
      method: 'get',
      path: '/api/system/stats',
      tags: ['stats'],
      request: { query: nodeIdsQuery },
      responses: { 200: json(z.array(knownStatsWire), 'One entry per node, including unknown ids'), 400: invalid },
    }),
    (c) => {
      const user = c.get('user')
      const known = wholeList(
        askedNodes(user, c.req.valid('query')).map(user.monitoring.statsOf),
        ({ stats }) => 1000 + (stats?.containers.length ?? 0) * 500,
      )
      return c.json(known.map(presentStats), 200)
    },
  )

  return router
}
