import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { toWire } from '../wire.ts'
import { takesOnly } from './known-fields.ts'
import { invalid, json } from './route-parts.ts'
import { createRouter, type HttpEnv, type Router } from './router.ts'

const changeable = z.object({
  cloudflare_api_token: z.string().nullable().openapi({ description: 'Masked in answers' }),
  cloudflare_account_id: z.string().nullable(),
})
const settingsWire = changeable
  .extend({
    primary_url: z.string().nullable().openapi({ description: 'URL at which nodes reach the primary, if it was changed. Null if not' }),
  })
  .openapi('Settings')

/** The cluster's settings, for people and scripts. */
export function settingsRoutes(): Router {
  const router = createRouter()
  const current = (c: Context<HttpEnv>) => toWire(c.get('user').settings.get())
  router.put('/api/settings', takesOnly({ body: changeable, current, fixed: ['primary_url'] }))
  router.openapi(
    createRoute({
      method: 'get',
      path: '/api/settings',
      tags: ['settings'],
      responses: { 200: json(settingsWire, 'The settings, with secrets masked') },
    }),
    (c) => c.json(toWire(c.get('user').settings.get()), 200),
  )
  router.openapi(
    createRoute({
      method: 'put',
      path: '/api/settings',
      tags: ['settings'],
      request: {
        body: {
          ...json(
            changeable.partial().openapi('UpdateSettings'),
            'Fields you leave out keep their value, and so do masked values. Null removes a value',
          ),
          required: true,
        },
      },
      responses: { 200: json(settingsWire, 'The settings as they are now'), 400: invalid },
    }),
    async (c) => {
      const { cloudflare_api_token: cloudflareApiToken, cloudflare_account_id: cloudflareAccountId } = c.req.valid('json')
      return c.json(toWire(await c.get('user').settings.update({ cloudflareApiToken, cloudflareAccountId })), 200)
    },
  )
  return router
}
