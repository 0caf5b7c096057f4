import { createRoute } from '@hono/zod-openapi'
import type { Services } from '../services.ts'
import { joinedWire, joinWire, readNodeAbout } from '../wire.ts'
import { limitBody } from './body-limit.ts'
import type { Door } from './door.ts'
import { createRouter, type Router } from './router.ts'
import { invalid, json, problem } from './route-parts.ts'
import { isFromElsewhere } from './from-elsewhere.ts'

/** In bytes. Small, because strangers can send this. */
const maxBodyBytes = 16 * 1024

const route = createRoute({
  method: 'post',
  path: '/api/join',
  tags: ['join'],
  description: 'Registers a new node with a join token. Changes nothing for a node that is already registered.',
  middleware: [limitBody(maxBodyBytes)] as const,
  request: { body: { ...json(joinWire, 'The joining node'), required: true } },
  responses: {
    201: json(joinedWire, 'The node is registered and can send heartbeats'),
    400: invalid,
    401: problem('The join token is missing, unknown, revoked, expired or used up'),
    403: problem('This is a secondary'),
    409: problem('A node with this id is already registered. Nothing was changed'),
    429: problem('Too many invalid tokens from this address'),
  },
})

/** For machines that are not nodes yet. Only a join token counts here, not the credentials of nodes or people. */
export function joinRoutes({ joining, self, version }: Services, door: Door): Router {
  const router = createRouter()
  router.openapi(route, async (c) => {
    const body = c.req.valid('json')
    const { incoming } = c.env
    const { node, notes } = await joining.join({
      token: body.token ?? bearerOf(incoming.headers.authorization),
      id: body.id,
      name: body.name,
      apiEndpoint: body.api_endpoint,
      apiKey: body.api_key,
      time: body.time ?? null,
      about: readNodeAbout(body.about).value,
      earlier: body.earlier ?? [],
      address: door.addressOf(incoming),
      isElsewhere: isFromElsewhere(incoming),
    })
    return c.json({ node: { id: node.id, name: node.name }, primary: { id: self.id, name: self.name, version }, notes }, 201)
  })
  return router
}

const bearerOf = (authorization: string | undefined): string | null => /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1] ?? null
