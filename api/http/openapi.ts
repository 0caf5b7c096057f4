import { z } from '@hono/zod-openapi'
import type { Services } from '../services.ts'
import { json } from './route-parts.ts'
import type { Door } from './door.ts'
import { internalRoutes } from './internal-routes.ts'
import { joinRoutes } from './join-routes.ts'
import { createRouter, type Router } from './router.ts'

export type OpenApiDocument = ReturnType<typeof openApiDocument>

/** This node's REST API in OpenAPI 3.1, generated from the routes. */
export function openApiDocument(services: Services, user: Router, door: Door) {
  const all = createRouter()
  const { openAPIRegistry: registry } = all
  registerServer(registry)
  all.route('/', user)
  all.route('/', internalRoutes(services, door))
  all.route('/', joinRoutes(services, door))
  registry.registerComponent('securitySchemes', 'nodeId', { type: 'apiKey', in: 'header', name: 'X-Node-ID' })
  registry.registerComponent('securitySchemes', 'nodeKey', { type: 'apiKey', in: 'header', name: 'X-Node-API-Key' })
  const document = all.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Selfhostly',
      version: services.version,
      description:
        'REST over the same services as GraphQL. Nodes use /api/internal/ with X-Node-ID and X-Node-API-Key. Users use the rest.',
      license: { name: 'MIT' },
    },
  })
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    if (!path.startsWith('/api/internal/')) continue
    for (const operation of [item.get, item.post, item.put, item.delete]) if (operation) operation.security = [{ nodeId: [], nodeKey: [] }]
  }
  return document
}

/** The routes that `server.ts` answers itself. */
function registerServer(registry: Router['openAPIRegistry']): void {
  registry.registerPath({
    method: 'get',
    path: '/api/health',
    tags: ['server'],
    responses: {
      200: json(z.object({ status: z.literal('healthy'), service: z.literal('selfhostly') }), 'The server is up. Needs no credentials'),
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/api/ready',
    tags: ['server'],
    responses: {
      200: json(z.object({ ready: z.literal(true) }), 'The server can do its work. Needs no credentials'),
      503: json(
        z.object({ ready: z.literal(false), reason: z.string() }),
        'The server cannot work now, and why: it is starting, or nothing can be saved',
      ),
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/api/openapi.json',
    tags: ['server'],
    responses: { 200: json(z.record(z.string(), z.unknown()), 'This document') },
  })
}

/** The API of a cluster: the primary's routes, plus those that only secondaries have. */
export function clusterDocument(primary: OpenApiDocument, secondary: OpenApiDocument): OpenApiDocument {
  return { ...primary, paths: { ...secondary.paths, ...primary.paths } }
}
