import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { InventoryApp } from '../cluster/feed/inventory.ts'
import { hasLabels } from '../cluster/members/labels.ts'
import { appOperationWire, createAppBody, presentAppOperation, removeAppQuery, updateAppBody } from '../app-wire.ts'
import { appWire, fromWire, toWire } from '../wire.ts'
import { appRoutes, refusals } from './app-routes.ts'
import { serveFolders } from './folder-routes.ts'
import { takesOnly } from './known-fields.ts'
import { invalid, json, listOf, nodeIdsQuery, wholeList } from './route-parts.ts'
import { createRouter, type HttpEnv, type Router } from './router.ts'

const userAppWire = appWire.extend({ last_known_status: appWire.shape.status.nullable() }).openapi('KnownApp')

/** The app's texts, plus an allowance for the rest. */
const weightOfApp = ({ composeContent, containers }: InventoryApp): number => 1000 + composeContent.length + containers.length * 500

const presentApp = (app: InventoryApp) => toWire(app)

const createQuery = z.object({ node_id: z.string().optional().openapi({ description: 'Node to run it on. Default: this node' }) })

/** Nodes ignore each other's unknown fields, because their versions can differ. People get an error for fields without effect. */
function refuseIgnoredFields(router: Router): void {
  const current = (c: Context<HttpEnv>) => presentApp(c.get('user').apps.get(c.req.param('id') ?? ''))
  const fixed = ['id', 'name', 'node_id', 'desired_state', 'version']
  const nothing = z.object({})
  router.get('/api/apps', takesOnly({ query: nodeIdsQuery }))
  router.post('/api/apps', takesOnly({ query: createQuery, body: createAppBody }))
  router.put('/api/apps/:id', takesOnly({ query: nothing, body: updateAppBody, current, fixed }))
  router.delete('/api/apps/:id', takesOnly({ query: removeAppQuery }))
  for (const action of ['start', 'stop', 'update']) router.post(`/api/apps/:id/${action}`, takesOnly({ query: nothing, body: nothing }))
}

/** Apps of all nodes, for people and scripts. */
export function userAppRoutes(): Router {
  const router = createRouter()
  const routes = appRoutes()
  refuseIgnoredFields(router)
  router.openapi(
    createRoute({
      method: 'get',
      path: '/api/apps',
      tags: ['apps'],
      request: { query: nodeIdsQuery },
      responses: { 200: json(z.array(userAppWire), 'All known apps'), 400: invalid },
    }),
    (c) => {
      const user = c.get('user')
      const { node_ids: named, labels } = c.req.valid('query')
      const ids = listOf(named)
      const labelled = new Set(user.nodes.list().flatMap((node) => (hasLabels(node.labels, labels) ? node.id : [])))
      const found = user.apps.list().filter((app) => (!ids || ids.includes(app.nodeId)) && (!labels || labelled.has(app.nodeId)))
      return c.json(wholeList(found, weightOfApp).map(presentApp), 200)
    },
  )
  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/apps',
      tags: ['apps'],
      request: {
        query: createQuery,
        body: { ...json(createAppBody, 'The app'), required: true },
      },
      responses: { 202: json(appOperationWire, 'The deployment was queued'), ...refusals },
    }),
    async (c) => {
      const input = fromWire(c.req.valid('json'))
      const user = c.get('user')
      const nodeId = c.req.valid('query').node_id || user.nodes.selfId
      return c.json(presentAppOperation(await user.apps.create(nodeId, input)), 202)
    },
  )
  router.openapi(routes.get, (c) => {
    const { id } = c.req.valid('param')
    return c.json(presentApp(c.get('user').apps.get(id)), 200)
  })
  router.openapi(routes.update, async (c) => {
    const { id } = c.req.valid('param')
    const input = fromWire(c.req.valid('json'))
    return c.json(presentAppOperation(await c.get('user').apps.update(id, input)), 202)
  })
  router.openapi(routes.remove, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(presentAppOperation(await c.get('user').apps.remove(id, c.req.valid('query'))), 202)
  })
  router.openapi(routes.removal, async (c) => c.json(toWire(await c.get('user').apps.removalOf(c.req.valid('param').id)), 200))
  router.openapi(routes.start, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(presentAppOperation(await c.get('user').apps.start(id)), 202)
  })
  router.openapi(routes.stop, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(presentAppOperation(await c.get('user').apps.stop(id)), 202)
  })
  router.openapi(routes.pullAndUpdate, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(presentAppOperation(await c.get('user').apps.update(id, { pull: true })), 202)
  })
  serveFolders(router)
  return router
}
