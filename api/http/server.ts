import { createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { Hono, type HonoRequest } from 'hono'
import { cors } from 'hono/cors'
import { createMiddleware } from 'hono/factory'
import { secureHeaders } from 'hono/secure-headers'
import type { AccessServices } from '../auth/access-services.ts'
import { createCloudflareAccess } from '../auth/cloudflare-access.ts'
import { createProviders } from '../auth/providers.ts'
import type { SignInProvider } from '../auth/sign-in-provider.ts'
import { linkPath } from '../cluster/transport/link-socket.ts'
import { AppError, errorMessage, StartError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Services } from '../services.ts'
import { createUserApi } from '../user/user-api.ts'
import { providerSignInRoutes } from './provider-sign-in-routes.ts'
import { avatarRoutes } from './avatar.ts'
import { passwordSignInRoutes } from './password-sign-in-routes.ts'
import { limitBody } from './body-limit.ts'
import { serveDashboard } from './dashboard.ts'
import { createDoor, type Door } from './door.ts'
import { createGraphql, type Graphql } from './graphql.ts'
import { createOpenConnections, type OpenConnections } from './open-connections.ts'
import { createGraphqlSockets, type GraphqlSockets } from './graphql-sockets.ts'
import { createLinkDoor, type LinkDoor } from './link-door.ts'
import { internalRoutes } from './internal-routes.ts'
import { joinRoutes } from './join-routes.ts'
import { isPlainPath, pathAdvice } from './plain-path.ts'
import { openApiDocument } from './openapi.ts'
import { errorToProblem, notFoundProblem, problemResponse } from './problem.ts'
import type { HttpEnv } from './router.ts'
import { createTerminalSockets, type TerminalSockets } from './terminal-sockets.ts'
import { createUnreadAnswers, type UnreadAnswers } from './unread-answers.ts'
import { passkeySignInRoutes } from './passkey-sign-in-routes.ts'
import { invitationSignInRoutes } from './invitation-sign-in-routes.ts'
import { linkSignInRoutes } from './link-sign-in-routes.ts'
import { strangersPage } from './strangers-page.ts'
import { peopleRoutes } from './people-routes.ts'

/** In bytes. A Compose file can have 256 KiB and the other files 512 KiB, and JSON escapes make them up to six times as large. */
const maxBodyBytes = 4 * 1024 * 1024

/** Takes the port before anything else is touched. Requests that arrive before `serve` get 503 and Retry-After. */
export async function openPort({ host, port }: { host: string | undefined; port: number }): Promise<{ server: Server; port: number }> {
  const server = createServer()
  server.on('request', notReadyYet)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(portError(error, host, port)))
    server.listen(port, host, resolve)
  })
  const address = server.address()
  return { server, port: typeof address === 'object' && address ? address.port : port }
}

const notReadyListener = getRequestListener((request) => {
  const reason = 'Starting. Try again in a moment'
  const isAsked = new URL(request.url).pathname === '/api/ready'
  const response = isAsked ? Response.json({ ready: false, reason }, { status: 503 }) : problemResponse({ status: 503, detail: reason })
  response.headers.set('retry-after', '1')
  return response
})
const refusePath = getRequestListener(() => problemResponse({ status: 400, detail: pathAdvice }))
const notReadyYet = (request: IncomingMessage, response: ServerResponse): void => void notReadyListener(request, response)

function portError(error: NodeJS.ErrnoException, host: string | undefined, port: number): StartError {
  const where = `${host ?? ''}:${port}`
  if (error.code === 'EADDRINUSE')
    return new StartError(`SERVER_ADDRESS: ${where} is taken by another program. Stop it, or choose another port`)
  if (error.code === 'EACCES') return new StartError(`SERVER_ADDRESS: this user cannot listen on ${where}. Use a port above 1023`)
  return new StartError(`SERVER_ADDRESS: cannot listen on ${where}: ${errorMessage(error)}`)
}

export type HttpServer = ReturnType<typeof serve>

/** Every route of this node on one port: health, node surface, user surface, GraphQL, dashboard. */
export function serve(server: Server, services: Services) {
  const { config, access, self, log } = services
  const verifyEdge =
    config.access.mode === 'trusted-edge' && config.access.cloudflare
      ? createCloudflareAccess({ ...config.access.cloudflare, clock: services.clock, log }).verify
      : null
  const baseUrl = config.access.baseUrl ?? self.apiEndpoint
  const door = createDoor({
    access: config.access,
    baseUrl,
    users: access.users,
    sessions: access.sessions,
    tokens: access.tokens,
    machineId: access.machineId,
    limits: access.limits,
    verifyEdge,
    clock: services.clock,
  })
  const things = createOpenConnections({ services, door })
  const graphql = createGraphql(services)
  const unread = createUnreadAnswers({ clock: services.clock })
  const sockets = createGraphqlSockets({ services, graphql, door, unread, things })
  const terminals = createTerminalSockets({ services, door, unread, things })
  const linkDoor = createLinkDoor(services, door)
  const app = createApp({ services, graphql, door, unread, things, baseUrl })
  const answer = getRequestListener((request, bindings) => app.fetch(request, bindings))
  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    void (isPlainPath(request.url) ? answer : refusePath)(request, response)
  server.off('request', notReadyYet)
  server.on('request', listener)
  server.on(
    'upgrade',
    (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      void upgrade(request, socket, head, { door, sockets, terminals, linkDoor, log }),
  )

  return {
    app,
    /** Answers requests that arrive over a link: only the node surface, whoever is at the other end. */
    internal(request: IncomingMessage, response: ServerResponse): void {
      if (request.url?.startsWith('/api/internal/')) listener(request, response)
      else response.writeHead(404).end()
    },
    /** Accepts no new connections and closes the open ones. */
    async stop(): Promise<void> {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      linkDoor.stop()
      things.stop()
      terminals.stop()
      await sockets.stop()
      await graphql.stop()
      server.closeAllConnections()
      await closed
    },
  }
}

interface Parts {
  services: Services
  graphql: Graphql
  door: Door
  unread: UnreadAnswers
  things: OpenConnections
  baseUrl: string
}

function createApp({ services, graphql, door, unread, things, baseUrl }: Parts): Hono<HttpEnv> {
  const { config, access, log, clock } = services
  const { limits } = access
  const app = new Hono<HttpEnv>()
  const toProblem = errorToProblem(log)
  const peopleSignIn = access.links !== null
  app.onError((error, c) => strangersPage(error, c, { peopleSignIn }) ?? toProblem(error, c))
  app.notFound(notFoundProblem)
  app.use(secureHeaders({ crossOriginEmbedderPolicy: false, strictTransportSecurity: false, xFrameOptions: 'DENY' }))
  app.use(limitBody(maxBodyBytes))
  app.get('/api/health', (c) => {
    // Confirms an id that the caller knows, and tells it to nobody else: cluster/joining/seen-endpoint.ts asks.
    if (c.req.header('x-node-id') === services.self.id) c.header('x-node-id', services.self.id)
    return c.json({ status: 'healthy', service: 'selfhostly' })
  })
  app.get('/api/ready', async (c) => {
    const problem = await services.storage.look()
    return problem ? c.json({ ready: false, reason: problem.reason }, 503) : c.json({ ready: true })
  })
  app.route('/', internalRoutes(services, door))
  app.route('/', joinRoutes(services, door))
  if (config.access.corsOrigins.length > 0) app.use(cors({ origin: config.access.corsOrigins, credentials: true, maxAge: 600 }))
  app.use(async (c, next) => {
    door.check(c.env.incoming, { changes: changes(c.req.method) })
    await next()
  })
  const { sessions, links, passwords, passwordGuard, passwordChanges, invitations } = access
  // Everyone signs in to a secondary by its own means.
  const providers = config.access.mode === 'sign-in' && services.self.isPrimary ? createProviders(config.access, { clock }) : []
  app.get('/auth/providers', (c) => c.json(waysToSignIn(providers, access), 200, { 'cache-control': 'no-store' }))
  if (sessions && links && passwordChanges) {
    const parts = { users: access.users, sessions, audit: access.audit, log, limits, ...door }
    app.route('/', linkSignInRoutes({ ...parts, links }))
    app.route('/', passwordSignInRoutes({ ...parts, passwords, passwordGuard, secondFactors: access.secondFactors }))
    app.route('/', passkeySignInRoutes({ ...parts, passkeys: access.passkeys }))
    app.route('/', invitationSignInRoutes({ ...parts, invitations, passwordChanges }))
    if (services.self.isPrimary)
      app.route('/', providerSignInRoutes({ ...parts, invitations, providers, secret: access.secret, baseUrl, clock }))
  }
  app.route('/', avatarRoutes())
  app.use(async (c, next) => {
    // Dashboard files contain no secrets, and people need them to sign in.
    if (isDashboardFile(c.req.method, c.req.path)) return next()
    const caller = await door.enter(c.env.incoming, { changes: changes(c.req.method), isPage: isPage(c.req) })
    things.holdResponse(caller, c.env.outgoing)
    unread.check(caller)
    unread.watch(caller, c.env.outgoing)
    c.set('user', createUserApi(services, caller))
    await next()
    // Other requests may have added unread answers while this one ran.
    unread.check(caller)
  })
  const user = peopleRoutes(baseUrl)
  app.get('/api/openapi.json', (c) => c.json(openApiDocument(services, user, door)))
  app.route('/', user)
  app.post('/graphql', onlyJson)
  app.on(['GET', 'POST'], '/graphql', (c) => graphql.fetch(c.req.raw, c.get('user').caller))
  serveDashboard(app)
  return app
}

/** What the sign-in page offers. Without sign-in it also asks, and an empty answer avoids an error in the browser's console. */
const waysToSignIn = (providers: SignInProvider[], { links, passwords, passkeys }: AccessServices) => ({
  providers: providers.map(({ id, label }) => ({ id, label, url: `/auth/${id}` })),
  password: links !== null && passwords.owners().length > 0,
  passkey: links !== null && passkeys.isAny(),
  link: links !== null,
})

/** Another site's page can make a browser send forms and plain text without a preflight. */
const onlyJson = createMiddleware<HttpEnv>(async (c, next) => {
  const type = c.req.header('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') return problemResponse({ status: 415, detail: 'Send the query as application/json' })
  await next()
})

const changes = (method: string): boolean => method !== 'GET' && method !== 'HEAD'

const isDashboardFile = (method: string, path: string): boolean => !changes(method) && !/^\/(api|graphql)(\/|$)/.test(path)

/** Pages without secrets that a person opens by URL: GraphiQL and the OpenAPI document. */
const isPage = (request: HonoRequest): boolean =>
  request.method === 'GET' &&
  (request.path === '/api/openapi.json' || (request.path === '/graphql' && request.header('accept')?.includes('text/html') === true))

interface Doors {
  door: Door
  sockets: GraphqlSockets
  terminals: TerminalSockets
  linkDoor: LinkDoor
  log: Log
}

async function upgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  { door, sockets, terminals, linkDoor, log }: Doors,
): Promise<void> {
  socket.on('error', () => socket.destroy())
  const path = request.url?.split('?')[0]
  try {
    if (!isPlainPath(request.url)) return refuseUpgrade(socket, { status: 400, message: pathAdvice })
    if (path === linkPath) return await linkDoor.upgrade(request, socket, head)
    const terminal = terminals.placeOf(path)
    if (terminal) return await terminals.upgrade(request, socket, head, terminal)
    if (path !== '/graphql') return refuseUpgrade(socket, { status: 404, message: 'Not Found' })
    door.check(request, { changes: true })
    sockets.upgrade(request, socket, head)
  } catch (error) {
    if (error instanceof AppError) return refuseUpgrade(socket, error)
    log.error({ err: error, path }, 'upgrade failed')
    refuseUpgrade(socket, { status: 500, message: 'Something went wrong on this server' })
  }
}

type Refusal = Pick<AppError, 'status' | 'message'> & Partial<Pick<AppError, 'retryAfterSeconds'>>

function refuseUpgrade(socket: Duplex, { status, message, retryAfterSeconds }: Refusal): void {
  const retryAfter = retryAfterSeconds === undefined ? '' : `retry-after: ${retryAfterSeconds}\r\n`
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}\r\ncontent-type: text/plain\r\n${retryAfter}connection: close\r\n\r\n${message}\n`,
  )
}
