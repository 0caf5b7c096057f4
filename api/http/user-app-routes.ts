import { createRoute, z } from '@hono/zod-openapi'
import type { InventoryApp } from '../cluster/feed/inventory.ts'
import { hasLabels } from '../cluster/members/labels.ts'
import type { UserApi } from '../user/user-api.ts'
import { appOperationWire, appRefusals, createAppBody, presentAppOperation } from '../app-wire.ts'
import { appWire, fromWire, removalPreviewWire, toWire } from '../wire.ts'
import { serveAppActions } from './app-action-routes.ts'
import { serveFolders } from './folder-routes.ts'
import { serveImport } from './import-routes.ts'
import { serveRecreate } from './recreate-routes.ts'
import { serveUserLogs } from './log-routes.ts'
import { serveNetworks } from './network-routes.ts'
import { serveSchedules } from './schedule-routes.ts'
import { serveVersions } from './version-routes.ts'
import { takesOnly } from './known-fields.ts'
import { idParam } from '../cluster/calls/declared-call.ts'
import { invalid, json, listOf, nodeIdsQuery, nodeQuery, problem, wholeList } from './route-parts.ts'
import { createRouter, type Router } from './router.ts'
import { serveValidation } from './validation-routes.ts'

const madeAgainWire = z.object({
  node_id: z.string(),
  app_id: z.string().nullable().openapi({ description: 'Null until it is known that the node has accepted it' }),
  failed: z.boolean().openapi({ description: 'Whether the node never began' }),
  by: z.string(),
  at: z.string(),
  stopped_at: z.string().nullable().openapi({ description: 'When this app was stopped because its own node had returned' }),
})

const userAppWire = appWire
  .extend({ last_known_status: appWire.shape.status.nullable(), made_again: madeAgainWire.nullable() })
  .openapi('KnownApp')

/** The app's texts, plus an allowance for the rest. */
const weightOfApp = ({ composeContent, containers }: InventoryApp): number => 1000 + composeContent.length + containers.length * 500

/** With where it was made again, if this caller sees that. */
function presentKnown({ madeAgain }: Pick<UserApi['apps'], 'madeAgain'>, app: InventoryApp) {
  const made = madeAgain(app.id)
  if (!made) return { ...toWire(app), made_again: null }
  const { nodeId, appId, outcome, by, at, stoppedAt } = made
  const known = { nodeId, appId: outcome === 'made' ? appId : null, failed: outcome === 'failed', by, at, stoppedAt }
  return { ...toWire(app), made_again: toWire(known) }
}

const refusals = {
  400: invalid,
  404: problem(appRefusals[404]),
  409: problem(appRefusals[409]),
  422: problem(appRefusals[422]),
  503: problem(appRefusals[503]),
}

const withId = { tags: ['apps'], request: { params: idParam } }
const routesOfApp = {
  get: createRoute({
    method: 'get',
    path: '/api/apps/{id}',
    ...withId,
    responses: { 200: json(userAppWire, 'The app'), 404: refusals[404] },
  }),
  removal: createRoute({
    method: 'get',
    path: '/api/apps/{id}/removal',
    ...withId,
    summary: 'Lists what removing the app would delete and keep',
    responses: { 200: json(removalPreviewWire, 'Each item, and when it is deleted'), 404: refusals[404], 503: refusals[503] },
  }),
}

/** Apps of all nodes, for people and scripts. */
export function userAppRoutes(): Router {
  const router = createRouter()
  router.get('/api/apps', takesOnly({ query: nodeIdsQuery }))
  router.post('/api/apps', takesOnly({ query: nodeQuery, body: createAppBody }))
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
      return c.json(
        wholeList(found, weightOfApp).map((app) => presentKnown(user.apps, app)),
        200,
      )
    },
  )
  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/apps',
      tags: ['apps'],
      request: {
        query: nodeQuery,
        body: { ...json(createAppBody, 'The app'), required: true },
      },
      responses: { 202: json(appOperationWire, 'The deployment was queued'), ...refusals },
    }),
    async (c) => {
      const input = fromWire(c.req.valid('json'))
      const user = c.get('user')
      const nodeId = c.req.valid('query').node_id || user.nodes.selfId
      return c.json(presentAppOperation(await user.apps.createApp(nodeId, input)), 202)
    },
  )
  const { get, removal } = routesOfApp
  router.openapi(get, (c) => {
    const { apps } = c.get('user')
    return c.json(presentKnown(apps, apps.get(c.req.valid('param').id)), 200)
  })
  router.openapi(removal, async (c) => c.json(toWire(await c.get('user').apps.removalOf(c.req.valid('param').id)), 200))
  serveAppActions(router, (apps, id) => presentKnown(apps, apps.get(id)))
  serveFolders(router)
  serveImport(router)
  serveRecreate(router)
  serveUserLogs(router)
  serveNetworks(router)
  serveSchedules(router)
  serveValidation(router)
  serveVersions(router)
  return router
}
