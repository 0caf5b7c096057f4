import { z } from '@hono/zod-openapi'
import type { Services } from '../services.ts'
import { json } from './route-parts.ts'
import type { Door } from './door.ts'
import { internalRoutes } from './internal-routes.ts'
import { joinRoutes } from './join-routes.ts'
import { createRouter, type Router } from './router.ts'

export type OpenApiDocument = ReturnType<typeof openApiDocument>

/** The REST surface of this node in OpenAPI 3.1, made from the routes themselves. */
export function openApiDocument(services: Services, user: Router, door: Door) {
  const all = createRouter()
  const { openAPIRegistry: registry } = all
  registry.registerPath({
    method: 'get',
    path: '/api/health',
    tags: ['server'],
    responses: { 200: json(z.object({ status: z.literal('healthy'), service: z.literal('selfhostly') }), 'This node serves. For anyone') },
  })
  registry.registerPath({
    method: 'get',
    path: '/api/ready',
    tags: ['server'],
    responses: {
      200: json(z.object({ ready: z.literal(true) }), 'This node can do what it is asked for. For anyone'),
      503: json(z.object({ ready: z.literal(false), reason: z.string() }), 'It cannot, and why: it starts, or nothing can be saved'),
    },
  })
  registry.registerPath({
    method: 'get',
    path: '/api/openapi.json',
    tags: ['server'],
    responses: { 200: json(z.record(z.string(), z.unknown()), 'This document') },
  })
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
        'REST over the same services as GraphQL. /api/internal is for nodes, with X-Node-ID and X-Node-API-Key; the rest is for users.',
      license: { name: 'MIT' },
    },
  })
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    if (!path.startsWith('/api/internal/')) continue
    for (const operation of [item.get, item.post, item.put, item.delete]) if (operation) operation.security = [{ nodeId: [], nodeKey: [] }]
  }
  return document
}

/** What a cluster answers: the routes of a primary, and those that only its secondaries have. */
export function clusterDocument(primary: OpenApiDocument, secondary: OpenApiDocument): OpenApiDocument {
  return { ...primary, paths: { ...secondary.paths, ...primary.paths } }
}
