import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { toWire } from '../wire.ts'
import { takesOnly } from './known-fields.ts'
import { invalid, json } from './route-parts.ts'
import { createRouter, type HttpEnv, type Router } from './router.ts'

const changeable = z.object({
  cloudflare_api_token: z.string().nullable().openapi({ description: 'Masked' }),
  cloudflare_account_id: z.string().nullable(),
})
const settingsWire = changeable
  .extend({ primary_url: z.string().nullable().openapi({ description: 'Where nodes find their primary, once that was changed' }) })
  .openapi('Settings')

/** Settings of the cluster, for people. */
export function settingsRoutes(): Router {
  const router = createRouter()
  const current = (c: Context<HttpEnv>) => toWire(c.get('user').settings())
  router.put('/api/settings', takesOnly({ body: changeable, current, fixed: ['primary_url'] }))
  router.openapi(
    createRoute({ method: 'get', path: '/api/settings', tags: ['settings'], responses: { 200: json(settingsWire, 'Secrets are masked') } }),
    (c) => c.json(toWire(c.get('user').settings()), 200),
  )
  router.openapi(
    createRoute({
      method: 'put',
      path: '/api/settings',
      tags: ['settings'],
      request: {
        body: {
          ...json(changeable.partial().openapi('UpdateSettings'), 'What is left out stays, null removes, a masked value changes nothing'),
          required: true,
        },
      },
      responses: { 200: json(settingsWire, 'As they are now'), 400: invalid },
    }),
    async (c) => {
      const { cloudflare_api_token: cloudflareApiToken, cloudflare_account_id: cloudflareAccountId } = c.req.valid('json')
      return c.json(toWire(await c.get('user').updateSettings({ cloudflareApiToken, cloudflareAccountId })), 200)
    },
  )
  return router
}
