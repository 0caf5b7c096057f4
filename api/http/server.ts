import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import { errorMessage, StartError } from '../errors.ts'
import type { Services } from '../services.ts'
import { refusalOfUser } from './access.ts'
import { limitBody } from './body-limit.ts'
import { serveDashboard } from './dashboard.ts'
import { createGraphqlServer, type GraphqlServer } from './graphql.ts'
import { internalRoutes } from './internal-routes.ts'
import { openApiDocument } from './openapi.ts'
import { errorToProblem, notFoundProblem, problemResponse } from './problem.ts'
import type { HttpEnv } from './router.ts'
import { userRoutes } from './user-routes.ts'

/** A Compose file may have 256 KiB, and JSON makes more of it. In bytes. */
const maxBodyBytes = 1024 * 1024

/** The port is taken before anything else is touched; requests that come before `serve` are told to wait. */
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

const notReadyYet = getRequestListener(() => problemResponse({ status: 503, detail: 'Starting. Try again in a moment' }))

function portError(error: NodeJS.ErrnoException, host: string | undefined, port: number): StartError {
  const where = `${host ?? ''}:${port}`
  if (error.code === 'EADDRINUSE')
    return new StartError(`SERVER_ADDRESS: ${where} is taken by another program. Stop it, or give another port`)
  if (error.code === 'EACCES') return new StartError(`SERVER_ADDRESS: this user may not listen on ${where}. Give a port above 1023`)
  return new StartError(`SERVER_ADDRESS: cannot listen on ${where}: ${errorMessage(error)}`)
}

export type HttpServer = ReturnType<typeof serve>

/** Every route of this node on one port: health, node surface, user surface, GraphQL, dashboard. */
export function serve(server: Server, services: Services) {
  const graphql = createGraphqlServer(services)
  const app = createApp(services, graphql)
  const listener = getRequestListener((request, bindings) => app.fetch(request, bindings))
  server.off('request', notReadyYet)
  server.on('request', listener)
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => upgrade(request, socket, head, services, graphql))

  return {
    app,
    /** Takes no new connections, ends the open ones. */
    async stop(): Promise<void> {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      await graphql.stop()
      server.closeAllConnections()
      await closed
    },
  }
}

function createApp(services: Services, graphql: GraphqlServer): Hono<HttpEnv> {
  const { config, log } = services
  const app = new Hono<HttpEnv>()
  app.onError(errorToProblem(log))
  app.notFound(notFoundProblem)
  app.use(secureHeaders({ crossOriginEmbedderPolicy: false, strictTransportSecurity: false, xFrameOptions: 'DENY' }))
  app.use(limitBody(maxBodyBytes))
  app.get('/api/health', (c) => c.json({ status: 'healthy', service: 'selfhostly' }))
  app.route('/', internalRoutes(services))
  app.use(async (c, next) => {
    const changes = c.req.method !== 'GET' && c.req.method !== 'HEAD'
    const refusal = refusalOfUser(config.access.mode, c.env.incoming, changes)
    // Dashboard files hold nothing secret, and whoever is to sign in needs them first.
    if (refusal && !(config.access.mode === 'sign-in' && isDashboardFile(c.req.method, c.req.path))) throw refusal
    await next()
  })
  const user = userRoutes(services)
  app.get('/api/openapi.json', (c) => c.json(openApiDocument(services, user)))
  app.route('/', user)
  app.on(['GET', 'POST', 'OPTIONS'], '/graphql', (c) => graphql.fetch(c.req.raw))
  serveDashboard(app)
  return app
}

const isDashboardFile = (method: string, path: string): boolean => method === 'GET' && !path.startsWith('/api/') && path !== '/graphql'

function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, { config }: Services, graphql: GraphqlServer): void {
  socket.on('error', () => socket.destroy())
  const refusal = refusalOfUser(config.access.mode, request, true)
  if (request.url?.split('?')[0] !== '/graphql') return refuseUpgrade(socket, 404, 'Not Found')
  if (refusal) return refuseUpgrade(socket, refusal.status, refusal.message)
  graphql.upgrade(request, socket, head)
}

function refuseUpgrade(socket: Duplex, status: number, reason: string): void {
  socket.end(
    `HTTP/1.1 ${status} ${status === 404 ? 'Not Found' : 'Refused'}\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n${reason}\n`,
  )
}
