import type { Services } from '../services.ts'
import { internalRoutes } from './internal-routes.ts'
import { createRouter, type Router } from './router.ts'

/** The REST surface in OpenAPI 3.1, made from the routes themselves. */
export function openApiDocument(services: Services, user: Router) {
  const all = createRouter()
  all.route('/', user)
  all.route('/', internalRoutes(services))
  all.openAPIRegistry.registerComponent('securitySchemes', 'nodeKey', { type: 'apiKey', in: 'header', name: 'X-Node-API-Key' })
  return all.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Selfhostly',
      version: services.version,
      description:
        'REST over the same services as GraphQL. /api/internal is for nodes, with X-Node-ID and X-Node-API-Key; the rest is for users.',
      license: { name: 'MIT' },
    },
  })
}
