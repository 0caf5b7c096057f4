import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { createMiddleware } from 'hono/factory'
import type { AppOperation } from '../apps/app-service.ts'
import type { App } from '../apps/app.ts'
import type { Operation } from '../apps/operation.ts'
import { budgets } from '../auth/limits.ts'
import { AppError } from '../errors.ts'
import type { Services } from '../services.ts'
import { appWire, fromWire, nodeStatsWire, operationWire, toWire } from '../wire.ts'
import { readFeedEvent, type FeedReading } from '../cluster/feed-wire.ts'
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
const forbidden = problem('The caller may not ask this of this node')

/**
 * What nodes use among themselves. Every request carries X-Node-ID and X-Node-API-Key; wrong, missing and unknown
 * credentials get the same answer, which says nothing of what was wrong.
 */
export function internalRoutes(services: Services, door: Door): Router {
  const router = createRouter()
  router.use('/api/internal/*', authenticate(services, door))
  heartbeatRoute(router, services)
  membershipRoutes(router, services)
  settingsRoutes(router, services)
  // On a primary these are for itself: a secondary that was broken into must neither command its primary nor look into it.
  for (const path of ['apps', 'apps/*', 'folders', 'folders/*', 'operations/*', 'events', 'system/*'])
    router.use(`/api/internal/${path}`, ownNodeOnly(services))
  statsRoute(router, services)
  appRoutesOfNodes(router, services)
  const { preparedFolders: folders, composeOnDisk } = services.apps
  serveFolders(router, folderRoutes('/api/internal/folders', 'internal'), () => ({ folders, composeOnDisk }))
  eventsRoute(router, services)
  // Ends here: the user surface would call a node's good credentials wrong.
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
        detail: 'X-Node-ID and X-Node-API-Key do not name a node that may call here',
      })
    }
    await limitCalls(services, callerId)
    c.set('callerId', callerId)
    const address = door.addressOf(c.env.incoming)
    c.set('actor', { name: actorName(callerId, c.req.header('x-on-behalf-of')), via: 'node', address })
    await next()
  })

/** Refusing costs as much as answering: what holds back a node that calls in a loop is the wait for its refusal. */
const refusalDelayMs = 1000

/** @throws RATE_LIMITED for a node that calls its primary all the time */
async function limitCalls({ clock, limits, misconduct, self }: Services, callerId: string): Promise<void> {
  if (!self.isPrimary || callerId === self.id) return
  try {
    await limits.take('node-calls', callerId)
  } catch (error) {
    const { points, seconds } = budgets['node-calls']
    // Much of what a node asks is asked for by this primary. Only one that goes on after it was told to wait is named for it.
    await limits
      .take('refused-node-calls', callerId)
      .catch(() =>
        misconduct.note(callerId, `called its primary more than ${points} times within ${seconds} s, and went on when it was told to wait`),
      )
    await new Promise<void>((resolve) => void clock.after(refusalDelayMs, resolve))
    throw error
  }
}

/** The calling node is proved; for whom it asks is what it says. */
function actorName(callerId: string, onBehalfOf: string | undefined): string {
  if (!onBehalfOf) return callerId
  try {
    return `${decodeURIComponent(onBehalfOf).slice(0, 200)} (said by ${callerId})`
  } catch {
    return callerId
  }
}

const ownNodeOnly = ({ self }: Services) =>
  createMiddleware<HttpEnv>(async (c, next) => {
    if (self.isPrimary && c.get('callerId') !== self.id)
      throw new AppError('FORBIDDEN', 'A node may not act on its primary, nor read what runs there')
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
          'The node is online; `settings_version` tells whether its settings are old',
        ),
        401: refused,
        403: forbidden,
      },
    }),
    async (c) => {
      const { id } = c.req.valid('param')
      const callerId = c.get('callerId')
      if (id.toLowerCase() !== callerId) throw new AppError('FORBIDDEN', 'A node may send heartbeats only for itself')
      const { event, scope, unread } = await aboutIn(c)
      hearUnread(callerId, scope, unread)
      if (event) hear(callerId, event)
      registry.observe(callerId, { kind: 'heartbeat' })
      streams.wake(callerId)
      return c.json({ message: 'Heartbeat received', nodeID: id, settings_version: settings.version(), primary_id: self.id }, 200)
    },
  )
}

/** What the node says of its program. An older one says nothing, and what cannot be read is no reason to think that it is away. */
async function aboutIn(c: Context<HttpEnv>): Promise<FeedReading> {
  const body: { about?: unknown } | null = await c.req.json().catch(() => null)
  return body?.about === undefined ? { event: null, scope: 'about', unread: [] } : readFeedEvent({ type: 'about', about: body.about })
}

/** What a primary tells a node of what the two share. */
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
      responses: { 204: { description: 'The node has it; the former one is good for a while yet' }, 401: refused, 403: forbidden },
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
      request: { body: { ...json(z.object({ url: z.string().max(2000) }), 'Where the primary is now'), required: true } },
      responses: {
        200: json(z.object({ moved: z.boolean(), error: z.string().nullable() }), 'Whether the node found it there; if not it stays'),
        401: refused,
      },
    }),
    async (c) => {
      const url = tellPrimaryMoved.parse(c.req.valid('json').url)
      let error: string | null = null
      await heard(c, 'cluster.primary-url', url.slice(0, 200), async () => {
        error = await primaryAddress.move(url)
        // So that the line says so as well.
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
            'What a secondary needs of the settings, secrets included',
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
      responses: { 200: json(nodeStatsWire, 'Stats of this node; also what health checks ask'), 401: refused, 403: forbidden },
    }),
    async (c) => c.json(toWire(await monitor.current()), 200),
  )
}

function appRoutesOfNodes(router: Router, { apps, operations, audit, auditedOperations, self }: Services): void {
  /** What other nodes have this one do stands in its own audit log too. */
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
          description: 'A snapshot of apps and operations, then each change, and stats; a comment every 3 s at least',
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
