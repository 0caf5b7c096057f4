import { createRoute, z } from '@hono/zod-openapi'
import { notificationWords } from '../user/notifications.ts'
import { fromWire, toWire } from '../wire.ts'
import { takesOnly } from './known-fields.ts'
import { invalid, json, problem } from './route-parts.ts'
import { createRouter, type Router } from './router.ts'

const { severities, channelKinds, smtpSecurities, noticeEvents, deliveryStates } = notificationWords
const date = z.date().openapi({ type: 'string', format: 'date-time' })
const labels = z.array(z.object({ key: z.string(), value: z.string() }))
const email = z.object({
  ...{ host: z.string(), port: z.int(), security: z.enum(smtpSecurities), username: z.string().nullable() },
  ...{ from: z.string(), to: z.array(z.string()) },
})

const channelWire = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.enum(channelKinds),
    address: z.string().openapi({ description: 'Where it leads, without what is secret' }),
    min_severity: z.enum(severities),
    labels,
    email: email.nullable(),
    has_secret: z.boolean(),
    waiting: z.int(),
    created_at: date,
    updated_at: date,
  })
  .openapi('NotificationChannel')

const deliveryWire = z
  .object({
    ...{ id: z.string(), channel_id: z.string(), event: z.enum(noticeEvents), title: z.string(), text: z.string() },
    ...{ state: z.enum(deliveryStates), attempts: z.int(), created_at: date, next_at: date.nullable(), ended_at: date.nullable() },
    error: z.string().nullable(),
  })
  .openapi('NotificationDelivery')

const changeable = z.object({
  name: z.string().nullish(),
  min_severity: z.enum(severities).nullish(),
  labels: labels.nullish(),
  url: z.string().nullish().openapi({ description: 'Of the webhook, or of the topic of ntfy' }),
  secret: z.string().nullish().openapi({ description: 'Write-only: signing secret, token or password. Empty removes it' }),
  host: z.string().nullish(),
  port: z.int().nullish(),
  security: z.enum(smtpSecurities).nullish(),
  username: z.string().nullish(),
  from: z.string().nullish(),
  to: z.array(z.string()).nullish(),
})
const createBody = changeable.extend({ kind: z.enum(channelKinds) })
const params = z.object({ id: z.string() })
const deliveriesQuery = z.object({ first: z.coerce.number().int().min(1).max(200).default(50) })

const path = '/api/notification-channels'
const one = `${path}/{id}`
const tags = ['notifications']
const unknown = problem('There is no notification channel with this id')

const list = createRoute({ method: 'get', path, tags, responses: { 200: json(z.array(channelWire), 'To whom alarms go, by name') } })
const create = createRoute({
  ...{ method: 'post', path, tags },
  request: { body: { ...json(createBody.openapi('CreateNotificationChannel'), 'The channel'), required: true } },
  responses: { 201: json(channelWire, 'The channel'), 400: invalid },
})
const update = createRoute({
  ...{ method: 'put', path: one, tags },
  request: { params, body: { ...json(changeable.openapi('UpdateNotificationChannel'), 'Fields you leave out stay'), required: true } },
  responses: { 200: json(channelWire, 'The channel as it is now'), 400: invalid, 404: unknown },
})
const remove = createRoute({
  ...{ method: 'delete', path: one, tags, request: { params } },
  responses: { 204: { description: 'It is removed, with its log and what waited to be sent' }, 404: unknown },
})
const tryIt = createRoute({
  ...{ method: 'post', path: `${one}/test`, tags, request: { params } },
  summary: 'Sends a test now',
  responses: { 200: json(deliveryWire, 'How it went'), 404: unknown },
})
const log = createRoute({
  ...{ method: 'get', path: `${one}/deliveries`, tags, request: { params, query: deliveriesQuery } },
  responses: { 200: json(z.array(deliveryWire), 'The log of the channel, the newest first'), 400: invalid, 404: unknown },
})

/** To whom alarms go, for people and scripts. */
export function notificationRoutes(): Router {
  const router = createRouter()
  router.post(path, takesOnly({ body: createBody }))
  router.put(`${path}/:id`, takesOnly({ body: changeable }))
  router.openapi(list, async (c) =>
    c.json(
      (await c.get('user').notifications.list()).map((each) => toWire(each)),
      200,
    ),
  )
  router.openapi(create, async (c) => {
    const { kind, ...input } = fromWire(c.req.valid('json'))
    return c.json(toWire(await c.get('user').notifications.create(kind, input)), 201)
  })
  router.openapi(update, async (c) => {
    const { id } = c.req.valid('param')
    return c.json(toWire(await c.get('user').notifications.update(id, fromWire(c.req.valid('json')))), 200)
  })
  router.openapi(remove, async (c) => {
    await c.get('user').notifications.remove(c.req.valid('param').id)
    return c.body(null, 204)
  })
  router.openapi(tryIt, async (c) => c.json(toWire(await c.get('user').notifications.test(c.req.valid('param').id)), 200))
  router.openapi(log, async (c) => {
    const { first } = c.req.valid('query')
    const deliveries = await c.get('user').notifications.deliveries(c.req.valid('param').id, first)
    return c.json(
      deliveries.map((each) => toWire(each)),
      200,
    )
  })
  return router
}
