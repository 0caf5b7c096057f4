import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { hasLabels } from '../cluster/members/labels.ts'
import type { ClusterNode } from '../cluster/members/node-registry.ts'
import type { UserApi } from '../user/user-api.ts'
import { toWire } from '../wire.ts'
import { takesOnly } from './known-fields.ts'
import { idParam } from '../cluster/calls/declared-call.ts'
import { invalid, json, nodesQuery, problem } from './route-parts.ts'
import { createRouter, type HttpEnv, type Router } from './router.ts'

const dateTime = z.coerce.date().openapi({ type: 'string', format: 'date-time' })

const holdWire = z
  .object({ since: dateTime, by: z.string(), reason: z.string().nullable(), until: dateTime.nullable() })
  .openapi('NodeHold', { description: 'A state that a person set on a node' })

const shareWire = z
  .object({ share: z.number().nullable(), observed_ms: z.number() })
  .openapi('UptimeShare', { description: 'Share of the observed time that the node was online, 0 to 1. Null if nothing was observed' })

const nodeWire = z
  .object({
    id: z.string(),
    name: z.string(),
    api_endpoint: z.string(),
    host: z
      .string()
      .nullable()
      .openapi({
        description:
          'The host at which published ports of this node are reached: that of its endpoint, or where its calls come from if the endpoint is local. ' +
          '"localhost": the machine of this server. Null while it is not known',
      }),
    is_primary: z.boolean(),
    labels: z.record(z.string(), z.string()),
    status: z.enum(['online', 'offline', 'unreachable']),
    status_since: dateTime,
    status_reason: z.string().nullable(),
    status_signal: z
      .enum(['registration', 'heartbeat', 'check', 'manual-check', 'session', 'self'])
      .openapi({ description: 'The signal that the status is based on' }),
    cordon: holdWire.nullable().openapi({ description: 'If set, the node takes no new apps' }),
    maintenance: holdWire.nullable().openapi({ description: 'If set, the node raises no alarms' }),
    last_seen: dateTime.nullable(),
    last_health_check: dateTime.nullable(),
    consecutive_failures: z.int(),
    next_check_at: dateTime.nullable(),
    uptime: z
      .object({ day: shareWire, week: shareWire, month: shareWire })
      .openapi({ description: 'For the last 24 hours, 7 days and 30 days, as far as observed' }),
    key_changed_at: dateTime.nullable().openapi({ description: 'Null for the primary itself' }),
    created_at: dateTime,
    updated_at: dateTime,
  })
  .openapi('Node')

/** Missing fields default to empty, so that the registry reports every invalid field at once. */
const registerBody = z
  .object({
    id: z.string().default(''),
    name: z.string().default(''),
    api_endpoint: z.string().default(''),
    api_key: z.string().default(''),
    labels: z.record(z.string(), z.string()).optional(),
  })
  .openapi('RegisterNode', { required: ['id', 'name', 'api_endpoint', 'api_key'] })
const updateNodeBody = z
  .object({
    name: z.string().optional(),
    api_endpoint: z.string().optional(),
    api_key: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
  })
  .openapi('UpdateNode')
function presentNode(user: UserApi, known: ClusterNode) {
  const { health, labels, ...node } = known
  const { status, statusSince, statusReason, statusSignal, lastSeen, lastHealthCheck, consecutiveFailures, nextCheckAt } = health
  const ofHealth = { status, statusSince, statusReason, statusSignal, lastSeen, lastHealthCheck, consecutiveFailures, nextCheckAt }
  const wire = toWire({ ...node, ...ofHealth })
  // Label keys belong to the user, so they are not converted to snake case.
  return { ...wire, host: user.nodes.hostOf(known), labels, uptime: toWire(user.nodes.uptimeOf(known)) }
}

/** The cluster's nodes, for people and scripts. */
export function nodeRoutes(): Router {
  const router = createRouter()
  const tags = ['nodes']
  const missing = problem('There is no node with this id')
  const refusals = { 400: invalid, 409: problem('The id or the name is taken') }
  router.get('/api/nodes', takesOnly({ query: nodesQuery }))
  router.post('/api/nodes', takesOnly({ body: registerBody }))
  const current = (c: Context<HttpEnv>) => presentNode(c.get('user'), c.get('user').nodes.get(c.req.param('id') ?? ''))
  router.put('/api/nodes/:id', takesOnly({ body: updateNodeBody, current, fixed: ['id', 'is_primary', 'cordon', 'maintenance'] }))

  router.openapi(
    createRoute({
      method: 'get',
      path: '/api/nodes',
      tags,
      request: { query: nodesQuery },
      responses: { 200: json(z.array(nodeWire), 'Every node'), 400: invalid },
    }),
    (c) => {
      const { labels } = c.req.valid('query')
      const found = c
        .get('user')
        .nodes.list()
        .filter((node) => hasLabels(node.labels, labels))
      return c.json(
        found.map((node) => presentNode(c.get('user'), node)),
        200,
      )
    },
  )
  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/nodes',
      tags,
      request: { body: { ...json(registerBody, 'The values that `npm run identity` prints on the node'), required: true } },
      responses: { 201: json(nodeWire, 'The node is registered and is checked at once'), ...refusals },
    }),
    async (c) => {
      const { id, name, api_endpoint: apiEndpoint, api_key: apiKey, labels } = c.req.valid('json')
      return c.json(presentNode(c.get('user'), await c.get('user').nodes.register({ id, name, apiEndpoint, apiKey, labels })), 201)
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
    (c) => c.json(presentNode(c.get('user'), c.get('user').nodes.get(c.req.valid('param').id)), 200),
  )
  router.openapi(
    createRoute({
      method: 'put',
      path: '/api/nodes/{id}',
      tags,
      request: { params: idParam, body: { ...json(updateNodeBody, 'Fields you leave out keep their value'), required: true } },
      responses: {
        200: json(nodeWire, 'The changed node. It is checked at once if its endpoint or key changed'),
        404: missing,
        ...refusals,
      },
    }),
    async (c) => {
      const { name, api_endpoint: apiEndpoint, api_key: apiKey, labels } = c.req.valid('json')
      return c.json(
        presentNode(c.get('user'), await c.get('user').nodes.update(c.req.valid('param').id, { name, apiEndpoint, apiKey, labels })),
        200,
      )
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
      await c.get('user').nodes.remove(c.req.valid('param').id)
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
      responses: { 200: json(checkWire, 'Checked now, bypassing the backoff. `error` says why it failed'), 404: missing },
    }),
    async (c) => {
      const { ok, error, durationMs, node } = await c.get('user').nodes.check(c.req.valid('param').id)
      const message = ok ? 'Health check completed successfully' : 'Health check failed'
      return c.json({ message, ...(error === null ? {} : { error }), duration_ms: durationMs, node: presentNode(c.get('user'), node) }, 200)
    },
  )
  return router
}
