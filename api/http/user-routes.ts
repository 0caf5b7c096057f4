import { createRoute, z } from '@hono/zod-openapi'
import { longestHours, usualHours } from '../auth/invitations.ts'
import type { Invitation } from '../auth/invitations.ts'
import { nodeLimitWords } from '../auth/node-limits.ts'
import { roles } from '../auth/permissions.ts'
import { roleSources } from '../auth/standing.ts'
import type { KnownUser } from '../auth/users.ts'
import type { UserApi } from '../user/user-api.ts'
import { fromWire, toWire } from '../wire.ts'
import { takesOnly } from './known-fields.ts'
import { invalid, json, problem } from './route-parts.ts'
import { createRouter, type Router } from './router.ts'

const date = z.date().openapi({ type: 'string', format: 'date-time' })
const nodeLimit = z.array(z.string()).nullable()
const limitWords = 'Sets of labels such as `env=lab,team=web`. The role is for nodes that have every label of any one set. Null: every node'

const sessionWire = z.object({ id: z.string(), created_at: date, last_used_at: date, address: z.string(), user_agent: z.string() })
const userWire = z
  .object({
    ...{ id: z.string(), login: z.string(), name: z.string().nullable(), email: z.string().nullable() },
    provider: z
      .string()
      .openapi({ description: '`github`, the issuer of an OpenID Connect provider, `local` (name and password) or `link`' }),
    password_name: z.string().nullable().openapi({ description: 'The name that belongs to the password. Null without one' }),
    second_factor: z.boolean().openapi({ description: 'Whether a code is asked for after the password' }),
    passkeys: z.int(),
    role: z.enum(roles),
    node_limit: nodeLimit.openapi({ description: limitWords }),
    role_from: z.enum(roleSources).openapi({ description: 'Only a role from `dashboard` or `default` can be changed here' }),
    ...{ created_at: date, last_sign_in_at: date, last_seen_at: date, sessions: z.array(sessionWire) },
  })
  .openapi('User')
const invitationWire = z
  .object({
    ...{ id: z.string(), note: z.string(), role: z.enum(roles), node_limit: nodeLimit, invited_by: z.string().nullable() },
    ...{ created_at: date, expires_at: date },
  })
  .openapi('Invitation')

const given = z.object({ role: z.enum(roles), node_limit: nodeLimit.optional().openapi({ description: limitWords }) })
const inviteBody = given.extend({
  note: z.string().optional().openapi({ description: 'For whom it is' }),
  expires_in_hours: z
    .int()
    .optional()
    .openapi({ description: `1 to ${longestHours}, usually ${usualHours}` }),
})
const params = z.object({ id: z.string() })
const tags = ['users']
const [users, user, invitations] = ['/api/users', '/api/users/{id}', '/api/invitations']
const unknown = problem('There is no such user')
const last = problem('This is the last administrator, or the role comes from the settings')
const known = json(userWire, 'The user as they are now')

const list = createRoute({
  method: 'get',
  path: users,
  tags,
  responses: { 200: json(z.array(userWire), 'People who can sign in, by name') },
})
const update = createRoute({
  ...{ method: 'put', path: user, tags, middleware: takesOnly({ body: given }) },
  request: { params, body: { ...json(given.openapi('UpdateUser'), 'The role, and the nodes it is for'), required: true } },
  responses: { 200: known, 400: invalid, 404: unknown, 409: last },
})
const remove = createRoute({
  ...{ method: 'delete', path: user, tags, request: { params } },
  responses: { 204: { description: 'The account is removed, with its sessions and tokens' }, 404: unknown, 409: last },
})
const endSessions = createRoute({
  ...{ method: 'delete', path: `${user}/sessions`, tags, request: { params } },
  responses: { 200: known, 404: unknown },
})
const resetSecondFactor = createRoute({
  ...{ method: 'delete', path: `${user}/second-factor`, tags, request: { params } },
  responses: { 200: known, 404: unknown },
})
const listInvitations = createRoute({
  ...{ method: 'get', path: invitations, tags },
  responses: { 200: json(z.array(invitationWire), 'Those that can still be used, newest first') },
})
const invite = createRoute({
  ...{ method: 'post', path: invitations, tags, middleware: takesOnly({ body: inviteBody }) },
  request: { body: { ...json(inviteBody.openapi('CreateInvitation'), 'Whom to let in, as what'), required: true } },
  responses: {
    201: json(
      z.object({ invitation: invitationWire, code: z.string(), url: z.string() }),
      'The link for the invited person, shown only now',
    ),
    400: invalid,
  },
})
const withdraw = createRoute({
  ...{ method: 'delete', path: `${invitations}/{id}`, tags, request: { params } },
  responses: { 204: { description: 'The link no longer works' }, 404: problem('There is no such invitation') },
})

/** Who can sign in, and as what. @param baseUrl URL at which people reach this server */
export function userRoutes(baseUrl: string): Router {
  const router = createRouter()
  router.openapi(list, (c) => {
    const api = c.get('user')
    return c.json(
      api.users.list().map((each) => userOf(api, each)),
      200,
    )
  })
  router.openapi(update, async (c) => {
    const api = c.get('user')
    return c.json(userOf(api, await api.users.update(c.req.valid('param').id, fromWire(c.req.valid('json')))), 200)
  })
  router.openapi(remove, async (c) => {
    await c.get('user').users.remove(c.req.valid('param').id)
    return c.body(null, 204)
  })
  router.openapi(endSessions, async (c) => {
    const api = c.get('user')
    return c.json(userOf(api, await api.users.endSessions(c.req.valid('param').id)), 200)
  })
  router.openapi(resetSecondFactor, async (c) => {
    const api = c.get('user')
    return c.json(userOf(api, await api.users.resetSecondFactor(c.req.valid('param').id)), 200)
  })
  router.openapi(listInvitations, async (c) => c.json((await c.get('user').users.invitations()).map(invitationOf), 200))
  router.openapi(invite, async (c) => {
    const { invitation, code } = await c.get('user').users.invite(fromWire(c.req.valid('json')))
    return c.json({ invitation: invitationOf(invitation), code, url: `${baseUrl}/#invite=${code}` }, 201)
  })
  router.openapi(withdraw, async (c) => {
    await c.get('user').users.withdraw(c.req.valid('param').id)
    return c.body(null, 204)
  })
  return router
}

function userOf(api: UserApi, each: KnownUser): z.output<typeof userWire> {
  const { id, login, name, email, provider, role, roleFrom, createdAt, lastSignInAt } = each
  const sessions = api.users
    .sessionsOf(each)
    .map(({ id: sessionId, createdAt: at, lastUsedAt, address, userAgent }) =>
      toWire({ id: sessionId.slice(0, 8), createdAt: at, lastUsedAt, address, userAgent }),
    )
  return {
    ...{ id, login, name, email, provider, role, sessions },
    ...{ password_name: api.users.passwordNameOf(each), node_limit: nodeLimitWords(each.nodeLimit), role_from: roleFrom },
    ...{ second_factor: api.users.hasSecondFactor(each), passkeys: api.users.passkeyCountOf(each) },
    ...{ created_at: createdAt, last_sign_in_at: lastSignInAt, last_seen_at: api.users.lastSeenOf(each) },
  }
}

function invitationOf({ id, note, role, nodeLimit: limit, invitedBy, createdAt, expiresAt }: Invitation): z.output<typeof invitationWire> {
  const dates = { created_at: createdAt, expires_at: expiresAt }
  return { id, note, role, node_limit: nodeLimitWords(limit), invited_by: invitedBy, ...dates }
}
