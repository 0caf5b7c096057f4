import { createRoute, z } from '@hono/zod-openapi'
import type { AppOperation } from '../apps/app-service.ts'
import type { InventoryApp, KnownStats } from '../cluster/inventory.ts'
import type { ClusterNode } from '../nodes/node-registry.ts'
import { appWire, nodeStatsWire, toWire } from '../wire.ts'
import { appOperationWire, appRoutes, createAppBody, createAppRefusals, idParam, json, problem } from './app-routes.ts'
import { auditRoutes } from './audit-routes.ts'
import { createRouter, type Router } from './router.ts'

const dateTime = z.coerce.date().openapi({ type: 'string', format: 'date-time' })

const nodeWire = z
  .object({
    id: z.string(),
    name: z.string(),
    api_endpoint: z.string(),
    is_primary: z.boolean(),
    labels: z.record(z.string(), z.string()),
    status: z.enum(['online', 'offline', 'unreachable']),
    status_since: dateTime,
    status_reason: z.string().nullable(),
    last_seen: dateTime.nullable(),
    last_health_check: dateTime.nullable(),
    consecutive_failures: z.int(),
    next_check_at: dateTime.nullable(),
    created_at: dateTime,
    updated_at: dateTime,
  })
  .openapi('Node')

const userAppWire = appWire.extend({ last_known_status: appWire.shape.status.nullable() }).openapi('KnownApp')

const knownStatsWire = nodeStatsWire
  .partial()
  .extend({ node_id: z.string(), state: z.enum(['ok', 'stale', 'error']), error: z.string().nullable() })
  .openapi('KnownStats')

const settingsWire = z
  .object({ cloudflare_api_token: z.string().nullable().openapi({ description: 'Masked' }), cloudflare_account_id: z.string().nullable() })
  .openapi('Settings')

const registerBody = z
  .object({
    id: z.string(),
    name: z.string(),
    api_endpoint: z.string(),
    api_key: z.string(),
    labels: z.record(z.string(), z.string()).optional(),
  })
  .openapi('RegisterNode')
const updateNodeBody = registerBody.omit({ id: true }).partial().openapi('UpdateNode')
const nodeIdsQuery = z.object({ node_ids: z.string().optional().openapi({ description: 'Comma-separated node ids' }) })

export function presentNode({ health, labels, ...node }: ClusterNode) {
  const { status, statusSince, statusReason, lastSeen, lastHealthCheck, consecutiveFailures, nextCheckAt } = health
  const wire = toWire({ ...node, status, statusSince, statusReason, lastSeen, lastHealthCheck, consecutiveFailures, nextCheckAt })
  // Keys of labels are the user's own words.
  return { ...wire, labels }
}

export const presentAppOperation = ({ app, operation }: AppOperation) => toWire({ ...app, operationId: operation.id, app, operation })

const presentApp = (app: InventoryApp) => toWire(app)

const presentStats = ({ stats, nodeId, state, error }: KnownStats) => toWire({ ...stats, nodeId, state, error })

const listOf = (ids: string | undefined): string[] | undefined => ids?.split(',').filter(Boolean)

/** What people and their scripts use, as REST over the same services as GraphQL. */
export function userRoutes(): Router {
  const router = createRouter()
  nodeRoutes(router)
  appRoutesOfUsers(router)
  router.route('/', auditRoutes())

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

  router.openapi(
    createRoute({ method: 'get', path: '/api/settings', tags: ['settings'], responses: { 200: json(settingsWire, 'Secrets are masked') } }),
    (c) => c.json(toWire(c.get('user').settings()), 200),
  )
  router.openapi(
    createRoute({
      method: 'put',
      path: '/api/settings',
      tags: ['settings'],
      request: {
        body: {
          ...json(settingsWire.partial().openapi('UpdateSettings'), 'What is left out stays, null removes, a masked value changes nothing'),
          required: true,
        },
      },
      responses: { 200: json(settingsWire, 'As they are now'), 400: createAppRefusals[400] },
    }),
    async (c) => {
      const { cloudflare_api_token: cloudflareApiToken, cloudflare_account_id: cloudflareAccountId } = c.req.valid('json')
      return c.json(toWire(await c.get('user').updateSettings({ cloudflareApiToken, cloudflareAccountId })), 200)
    },
  )
  return router
}

function nodeRoutes(router: Router): void {
  const tags = ['nodes']
  const missing = problem('There is no node with this id')
  const refusals = { 400: createAppRefusals[400], 409: problem('The id or the name is taken') }

  router.openapi(createRoute({ method: 'get', path: '/api/nodes', tags, responses: { 200: json(z.array(nodeWire), 'Every node') } }), (c) =>
    c.json(c.get('user').nodes().map(presentNode), 200),
  )
  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/nodes',
      tags,
      request: { body: { ...json(registerBody, 'What `npm run identity` prints on the node'), required: true } },
      responses: { 201: json(nodeWire, 'Registered, and checked at once'), ...refusals },
    }),
    async (c) => {
      const { id, name, api_endpoint: apiEndpoint, api_key: apiKey, labels } = c.req.valid('json')
      return c.json(presentNode(await c.get('user').registerNode({ id, name, apiEndpoint, apiKey, labels })), 201)
    },
  )
  router.openapi(
    createRoute({
      method: 'get',
      path: '/api/nodes/{id}',
      tags,
      request: { params: idParam },
      responses: { 200: json(nodeWire, 'The node'), 404: missing },
    }),
    (c) => c.json(presentNode(c.get('user').node(c.req.valid('param').id)), 200),
  )
  router.openapi(
    createRoute({
      method: 'put',
      path: '/api/nodes/{id}',
      tags,
      request: { params: idParam, body: { ...json(updateNodeBody, 'What is left out stays'), required: true } },
      responses: { 200: json(nodeWire, 'Changed; checked at once if its endpoint or key changed'), 404: missing, ...refusals },
    }),
    async (c) => {
      const { name, api_endpoint: apiEndpoint, api_key: apiKey, labels } = c.req.valid('json')
      return c.json(presentNode(await c.get('user').updateNode(c.req.valid('param').id, { name, apiEndpoint, apiKey, labels })), 200)
    },
  )
  router.openapi(
    createRoute({
      method: 'delete',
      path: '/api/nodes/{id}',
      tags,
      request: { params: idParam },
      responses: { 204: { description: 'Removed' }, 404: missing },
    }),
    async (c) => {
      await c.get('user').removeNode(c.req.valid('param').id)
      return c.body(null, 204)
    },
  )
  const checkWire = z
    .object({ message: z.string(), error: z.string().optional(), duration_ms: z.int(), node: nodeWire })
    .openapi('NodeCheck')
  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/nodes/{id}/check',
      tags,
      request: { params: idParam },
      responses: { 200: json(checkWire, 'Checked now, whatever the backoff says; `error` says why it failed'), 404: missing },
    }),
    async (c) => {
      const { ok, error, durationMs, node } = await c.get('user').checkNode(c.req.valid('param').id)
      const message = ok ? 'Health check completed successfully' : 'Health check failed'
      return c.json({ message, ...(error === null ? {} : { error }), duration_ms: durationMs, node: presentNode(node) }, 200)
    },
  )
}

function appRoutesOfUsers(router: Router): void {
  const routes = appRoutes('/api/apps', 'apps')
  router.openapi(
    createRoute({
      method: 'get',
      path: '/api/apps',
      tags: ['apps'],
      request: { query: nodeIdsQuery },
      responses: { 200: json(z.array(userAppWire), 'Every app that is known') },
    }),
    (c) => {
      const ids = listOf(c.req.valid('query').node_ids)
      const found = c
        .get('user')
        .apps()
        .filter((app) => !ids || ids.includes(app.nodeId))
      return c.json(found.map(presentApp), 200)
    },
  )
  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/apps',
      tags: ['apps'],
      request: {
        query: z.object({ node_id: z.string().optional().openapi({ description: 'Where it runs; this node when left out' }) }),
        body: { ...json(createAppBody, 'The app'), required: true },
      },
      responses: { 202: json(appOperationWire, 'The deployment was queued'), ...createAppRefusals },
    }),
    async (c) => {
      const { name, description, compose_content: composeContent } = c.req.valid('json')
      const user = c.get('user')
      const nodeId = c.req.valid('query').node_id || user.selfId
      return c.json(presentAppOperation(await user.createApp(nodeId, { name, description, composeContent })), 202)
    },
  )
  router.openapi(routes.get, (c) => {
    const { id } = c.req.valid('param')
    return c.json(presentApp(c.get('user').app(id)), 200)
  })
  router.openapi(routes.update, async (c) => {
    const { id } = c.req.valid('param')
    const { description, compose_content: composeContent, pull } = c.req.valid('json')
    return c.json(presentAppOperation(await c.get('user').updateApp(id, { description, composeContent, pull })), 202)
  })
  router.openapi(routes.remove, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(presentAppOperation(await c.get('user').removeApp(id)), 202)
  })
  router.openapi(routes.start, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(presentAppOperation(await c.get('user').startApp(id)), 202)
  })
  router.openapi(routes.stop, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(presentAppOperation(await c.get('user').stopApp(id)), 202)
  })
  router.openapi(routes.pullAndUpdate, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(presentAppOperation(await c.get('user').updateApp(id, { pull: true })), 202)
  })
}
