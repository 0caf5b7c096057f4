import { createRoute, z } from '@hono/zod-openapi'
import { longestPassword, shortestPassword } from '../auth/password.ts'
import { browserSecretOf } from './browser-secret.ts'
import { takesOnly } from './known-fields.ts'
import { invalid, json, problem } from './route-parts.ts'
import { createRouter, type Router } from './router.ts'

const text = z.string().max(longestPassword, `must have at most ${longestPassword} characters`)
const body = z.object({
  name: text.openapi({ description: 'Case does not matter. Also for a new name' }),
  password: text.openapi({ description: `At least ${shortestPassword} characters, 5 of them different` }),
  current: text
    .optional()
    .openapi({ description: 'The password until now. Not needed for a first one, nor within 15 minutes after a sign-in with a link' }),
})

const set = createRoute({
  ...{ method: 'put', path: '/auth/password', tags: ['account'], middleware: takesOnly({ body }) },
  request: { body: { ...json(body.openapi('SetPassword'), "For the caller's own account"), required: true } },
  responses: {
    200: json(z.object({ name: z.string() }), "The caller's other sessions have ended"),
    400: invalid,
    403: problem('Only a session can do this, not an API token'),
    409: problem('Someone else has this name'),
  },
})

/** How people set the name and password with which they sign in. */
export function ownPasswordRoutes(): Router {
  const router = createRouter()
  router.openapi(set, async (c) => {
    const { signIn } = c.get('user')
    return c.json(await signIn.setPassword(c.req.valid('json'), browserSecretOf(c.env.incoming)), 200)
  })
  return router
}
