import { createRoute, z } from '@hono/zod-openapi'
import type { KnownStats } from '../cluster/inventory.ts'
import { nodeStatsWire, toWire } from '../wire.ts'
import { json, listOf, nodeIdsQuery } from './route-parts.ts'
import { createRouter, type Router } from './router.ts'

const knownStatsWire = nodeStatsWire
  .partial()
  .extend({ node_id: z.string(), state: z.enum(['ok', 'stale', 'error']), error: z.string().nullable() })
  .openapi('KnownStats')

const presentStats = ({ stats, nodeId, state, error }: KnownStats) => toWire({ ...stats, nodeId, state, error })

/** Stats of all nodes, for people. */
export function statsRoutes(): Router {
  const router = createRouter()
  router.openapi(
    createRoute({
      method: 'get',
      path: '/api/system/stats',
      tags: ['stats'],
      request: { query: nodeIdsQuery },
      responses: { 200: json(z.array(knownStatsWire), 'One entry per node, unknown ids included') },
    }),
    (c) => {
      const ids =
        listOf(c.req.valid('query').node_ids) ??
        c
          .get('user')
          .nodes()
          .map((node) => node.id)
      return c.json(
        ids.map((id) => presentStats(c.get('user').statsOf(id))),
        200,
      )
    },
  )

  return router
}
