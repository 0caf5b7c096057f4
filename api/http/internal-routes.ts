import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { AppOperation } from '../apps/app-service.ts'
import type { App } from '../apps/app.ts'
import type { Operation } from '../apps/operation.ts'
import { budgets } from '../auth/limits.ts'
import { nodeTimeHeader, waitsUntilHeader, whileCallerWaits } from '../caller-patience.ts'
import { AppError } from '../errors.ts'
import type { Services } from '../services.ts'
import { appWire, fromWire, nodeStatsWire, operationWire, toWire } from '../wire.ts'
import { readFeedEvent, type FeedReading } from '../cluster/feed/feed-wire.ts'
import { appOperationWire, appRoutes, createAppBody, presentAppOperation, refusals } from './app-routes.ts'
import { folderRoutes, serveFolders } from './folder-routes.ts'
import { idParam, json, problem } from './route-parts.ts'
import type { Door } from './door.ts'
import { authenticateCaller } from './node-door.ts'
import { feedResponse } from './feed-response.ts'
import { notFoundProblem, problemResponse } from './problem.ts'
import { createRouter, type HttpEnv, type Router } from './router.ts'

const tags = ['internal']
const refused = problem('Wrong, missing or unknown node credentials')
const forbidden = problem('The calling node is not allowed to do this here')

/**
 * The routes that nodes call on each other. Every request carries X-Node-ID and X-Node-API-Key. Wrong, missing and unknown
 * credentials get the same answer, which does not reveal what was wrong.
 */
export function internalRoutes(services: Services, door: Door): Router {
  const router = createRouter()
  router.use('/api/internal/*', authenticate(services, door))
  if (!services.self.isPrimary) router.use('/api/internal/*', onlyWhileCallerWaits(services))
  heartbeatRoute(router, services)
  membershipRoutes(router, services)
  settingsRoutes(router, services)
  // A primary serves these only to itself: a compromised secondary must not command its primary or read what runs there.
  for (const path of ['apps', 'apps/*', 'folders', 'folders/*', 'operations/*', 'events', 'system/*'])
    router.use(`/api/internal/${path}`, ownNodeOnly(services))
  statsRoute(router, services)
  appRoutesOfNodes(router, services)
  const { preparedFolders: folders, composeOnDisk } = services.apps
  serveFolders(router, folderRoutes('/api/internal/folders', 'internal'), () => ({ folders, composeOnDisk }))
  eventsRoute(router, services)
  // Stop here. The user surface would reject a node's valid credentials with 401.
  router.all('/api/internal/*', notFoundProblem)
  return router
}

const authenticate = (services: Services, door: Door) =>
  createMiddleware<HttpEnv>(async (c, next) => {
    const callerId = await authenticateCaller(services, door, c.env.incoming)
    if (callerId === null) {
      return problemResponse({
        status: 401,
        title: 'Invalid API key',
        detail: 'X-Node-ID and X-Node-API-Key do not match a node that can call here',
      })
    }
    await limitCalls(services, callerId)
    c.set('callerId', callerId)
    c.header(nodeTimeHeader, String(services.clock.now().getTime()))
    const address = door.addressOf(c.env.incoming)
    c.set('actor', { name: actorName(callerId, c.req.header('x-on-behalf-of')), via: 'node', address })
    await next()
  })

/** For changes, which must not start after the calling node gave up and said so. */
const onlyWhileCallerWaits = ({ clock }: Services) =>
  createMiddleware<HttpEnv>(async (c, next) => {
    if (c.req.method === 'GET') return next()
    let hasLeft = false
    c.env.outgoing.once('close', () => (hasLeft = true))
    const until = Number(c.req.header(waitsUntilHeader) ?? Number.NaN)
    await whileCallerWaits({ waitsUntil: Number.isFinite(until) ? until : null, hasLeft: () => hasLeft }, clock, next)
  })

/** A refusal costs as much as an answer, so it is delayed. The delay slows down a node that calls in a loop. */
const refusalDelayMs = 1000

/** @throws RATE_LIMITED for a node that calls its primary too often */
async function limitCalls({ clock, limits, misbehaviour, self }: Services, callerId: string): Promise<void> {
  if (!self.isPrimary || callerId === self.id) return
  try {
    await limits.take('node-calls', callerId)
  } catch (error) {
    const { points, seconds } = budgets['node-calls']
    // Many of a node's calls are caused by this primary. Only a node that goes on after being told to wait is reported.
    await limits
      .take('refused-node-calls', callerId)
      .catch(() =>
        misbehaviour.note(callerId, `called its primary more than ${points} times within ${seconds} s, and did not wait when told to`),
      )
    await new Promise<void>((resolve) => void clock.after(refusalDelayMs, resolve))
    throw error
  }
}

/** The calling node is authenticated. On whose behalf it calls is only its claim. */
function actorName(callerId: string, onBehalfOf: string | undefined): string {
  if (!onBehalfOf) return callerId
  try {
    return `${decodeURIComponent(onBehalfOf).slice(0, 200)} (reported by ${callerId})`
  } catch {
    return callerId
  }
}

const ownNodeOnly = ({ self }: Services) =>
  createMiddleware<HttpEnv>(async (c, next) => {
    if (self.isPrimary && c.get('callerId') !== self.id)
      throw new AppError('FORBIDDEN', 'A node cannot act on its primary or read what runs there')
    await next()
  })

function heartbeatRoute(router: Router, { self, hear, hearUnread, registry, settings, streams }: Services): void {
  if (!self.isPrimary) return
  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/internal/nodes/{id}/heartbeat',
      tags,
      request: { params: idParam },
      responses: {
        200: json(
          z.object({ message: z.string(), nodeID: z.string(), settings_version: z.string(), primary_id: z.string() }),
          'The node is online. If `settings_version` has changed, it should fetch its settings',
        ),
        401: refused,
        403: forbidden,
      },
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const callerId = c.get('callerId')
      if (id.toLowerCase() !== callerId) throw new AppError('FORBIDDEN', 'A node can only send heartbeats for itself')
      const { event, scope, unread } = await aboutIn(c)
      hearUnread(callerId, scope, unread)
      if (event) hear(callerId, event)
      registry.observe(callerId, { kind: 'heartbeat' })
      streams.wake(callerId)
      return c.json({ message: 'Heartbeat received', nodeID: id, settings_version: settings.version(), primary_id: self.id }, 200)
    },
  )
}

/** What a heartbeat says about the node's program. Older versions send nothing. Unreadable data does not fail the heartbeat. */
async function aboutIn(c: Context<HttpEnv>): Promise<FeedReading> {
  const body: { about?: unknown } | null = await c.req.json().catch(() => null)
  return body?.about === undefined ? { event: null, scope: 'about', unread: [] } : readFeedEvent({ type: 'about', about: body.about })
}

/** Routes by which a primary changes a node's key and the primary's URL. */
function membershipRoutes(router: Router, { audit, ownKey, primaryAddress, self, tellPrimaryMoved }: Services): void {
  if (!primaryAddress) return
  const heard = (c: Context<HttpEnv>, action: string, subject: string | null, run: () => Promise<void>) =>
    audit.around(c.get('actor'), { action, nodeId: self.id, subject }, run)
  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/internal/key',
      tags,
      request: { body: { ...json(z.object({ api_key: z.string().regex(/^[\x21-\x7e]{32,500}$/) }), 'The next key'), required: true } },
      responses: { 204: { description: 'The node has the new key. The old one stays valid for a while' }, 401: refused, 403: forbidden },
    }),
    async (c) => {
      const { api_key: key } = c.req.valid('json')
      await heard(c, 'node.rotate-key', null, async () => ownKey.take(key))
      return c.body(null, 204)
    },
  )
  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/internal/primary',
      tags,
      request: { body: { ...json(z.object({ url: z.string().max(2000) }), "The primary's new URL"), required: true } },
      responses: {
        200: json(
          z.object({ moved: z.boolean(), error: z.string().nullable() }),
          'Whether the node found the primary there. If not, it keeps the old URL',
        ),
        401: refused,
      },
    }),
    async (c) => {
      const url = tellPrimaryMoved.parse(c.req.valid('json').url)
      let error: string | null = null
      await heard(c, 'cluster.primary-url', url.slice(0, 200), async () => {
        error = await primaryAddress.move(url)
        // So that the audit log line has the reason too.
        if (error !== null) throw new AppError('CONFLICT', error)
      }).catch((thrown: unknown) => {
        if (error === null) throw thrown
      })
      return c.json({ moved: error === null, error }, 200)
    },
  )
}

function settingsRoutes(router: Router, { self, settings, nodeCalls }: Services): void {
  if (self.isPrimary) {
    router.openapi(
      createRoute({
        method: 'get',
        path: '/api/internal/settings',
        tags,
        responses: {
          200: json(
            z.object({
              cloudflare_api_token: z.string().nullable(),
              cloudflare_account_id: z.string().nullable(),
              primary_url: z.string().nullable(),
            }),
            'The settings that a secondary needs, including secrets',
          ),
          401: refused,
        },
      }),
      (c) => {
        c.header('cache-control', 'no-store')
        return c.json(toWire(settings.read()), 200)
      },
    )
    return
  }
  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/internal/settings/changed',
      tags,
      responses: { 202: { description: 'The node will fetch the settings from its primary' }, 401: refused },
    }),
    (c) => {
      nodeCalls.emit('settingsChanged', undefined)
      return c.body(null, 202)
    },
  )
}

function statsRoute(router: Router, { monitor }: Services): void {
  router.openapi(
    createRoute({
      method: 'get',
      path: '/api/internal/system/stats',
      tags,
      responses: { 200: json(nodeStatsWire, 'Stats of this node. Health checks call this'), 401: refused, 403: forbidden },
    }),
    async (c) => c.json(toWire(await monitor.current()), 200),
  )
}

function appRoutesOfNodes(router: Router, { apps, operations, audit, auditedOperations, self }: Services): void {
  /** Actions that other nodes request are also in this node's own audit log. */
  const act = (c: Context<HttpEnv>, action: string, appId: string | null, run: () => Promise<AppOperation>) =>
    auditedOperations.around(c.get('actor'), { action, nodeId: self.id, appId }, run, ({ app }) => ({ appId: app.id, subject: app.name }))

  const routes = appRoutes('/api/internal/apps', 'internal')
  const present = (app: App) => toWire(app)

  router.openapi(
    createRoute({
      method: 'get',
      path: '/api/internal/apps',
      tags,
      responses: { 200: json(z.array(appWire), 'Apps of this node'), 401: refused, 403: forbidden },
    }),
    (c) => c.json(apps.list().map(present), 200),
  )
  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/internal/apps',
      tags,
      request: { body: { ...json(createAppBody, 'The app'), required: true } },
      responses: { 202: json(appOperationWire, 'The deployment was queued'), ...refusals },
    }),
    async (c) => {
      const input = fromWire(c.req.valid('json'))
      return c.json(presentAppOperation(await act(c, 'app.create', null, () => apps.create(input))), 202)
    },
  )
  router.openapi(routes.get, (c) => c.json(present(apps.get(c.req.valid('param').id)), 200))
  router.openapi(routes.update, async (c) => {
    const input = fromWire(c.req.valid('json'))
    const { id } = c.req.valid('param')
    return c.json(presentAppOperation(await act(c, 'app.update', id, () => apps.update(id, input))), 202)
  })
  router.openapi(routes.remove, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(presentAppOperation(await act(c, 'app.remove', id, () => apps.removeApp(id, c.req.valid('query')))), 202)
  })
  router.openapi(routes.removal, async (c) => c.json(toWire(await apps.removalOf(c.req.valid('param').id)), 200))
  router.openapi(routes.start, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(presentAppOperation(await act(c, 'app.start', id, () => apps.startApp(id))), 202)
  })
  router.openapi(routes.stop, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(presentAppOperation(await act(c, 'app.stop', id, () => apps.stopApp(id))), 202)
  })
  router.openapi(routes.pullAndUpdate, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(presentAppOperation(await act(c, 'app.update', id, () => apps.update(id, { pull: true }))), 202)
  })
  router.openapi(
    createRoute({
      method: 'post',
      path: '/api/internal/operations/{id}/cancel',
      tags,
      request: { params: idParam },
      responses: { 200: json(operationWire, 'The operation as it is now'), 404: refusals[404] },
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const action = { action: 'operation.cancel', nodeId: self.id, subject: id }
      const about = ({ appId, appName }: Operation) => ({ appId, subject: `${appName ?? ''} ${id}` })
      return c.json(toWire(await audit.around(c.get('actor'), action, () => operations.cancel(id), about)), 200)
    },
  )
}

function eventsRoute(router: Router, services: Services): void {
  router.openapi(
    createRoute({
      method: 'get',
      path: '/api/internal/events',
      tags,
      responses: {
        200: {
          content: { 'text/event-stream': { schema: z.string() } },
          description: 'A snapshot of apps and operations, then each change, and stats. Sends a comment at least every 3 s',
        },
        401: refused,
        403: forbidden,
      },
    }),
    (c) => {
      const { nodeCalls, feed, feedPace, clock, ownKey } = services
      const callerId = c.get('callerId')
      const apiKey = c.req.header('x-node-api-key')
      const revoked = new AbortController()
      const unsubscribe = ownKey.onForgotten((forgotten) => forgotten === apiKey && revoked.abort())
      nodeCalls.emit('streamOpened', callerId)
      return feedResponse(feed, {
        signal: AbortSignal.any([c.req.raw.signal, revoked.signal]),
        clock,
        pace: feedPace,
        onEnd() {
          unsubscribe()
          nodeCalls.emit('streamClosed', callerId)
        },
      })
    },
  )
}
