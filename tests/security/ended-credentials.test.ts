import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import test, { type ExecutionContext } from 'ava'
import { WebSocket } from 'ws'
import { accessEdge } from '../helpers/access-edge.ts'
import { testDatabase } from '../helpers/database.ts'
import { dataFolder } from '../helpers/data-folder.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { addPerson, setPassword, signInByLink } from '../helpers/password.ts'
import { peopleSettings, sessionOf, signIn, tokenOf } from '../helpers/people.ts'
import { runningNode, type RunningNode } from '../helpers/running-node.ts'
import { nextMessage } from '../helpers/websocket.ts'

type Headers = Record<string, string>

/** A WebSocket with a running subscription. */
async function watch(t: ExecutionContext, node: RunningNode, headers: Headers, connectionParams?: object): Promise<WebSocket> {
  const socket = new WebSocket(`${node.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers })
  t.teardown(() => socket.terminate())
  await once(socket, 'open')
  socket.send(JSON.stringify({ type: 'connection_init', payload: connectionParams }))
  await nextMessage(socket)
  socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: 'subscription { nodeStatusChanged { id } }' } }))
  await nextMessage(socket)
  return socket
}

/** The close code of a socket after `end` has run. */
async function closedBy(socket: WebSocket, end: () => Promise<unknown>): Promise<{ code: number }> {
  const closed = once(socket, 'close')
  await end()
  const [code] = await closed
  return { code: Number(code) }
}

/** A node whose clock stands still, so that sockets close because a credential ends and not because of the periodic check. */
const standing = (t: ExecutionContext): Promise<RunningNode> => runningNode(t, peopleSettings, { clock: createManualClock(new Date()) })

const groupSettings = {
  ...{ OIDC_ISSUER: 'https://idp.example', OIDC_CLIENT_ID: 'client', OIDC_CLIENT_SECRET: 'secret' },
  ...{ OIDC_ALLOWED_GROUPS: 'in', AUTH_ADMINS: 'admin,group:ops' },
}

const ask = (node: RunningNode, query: string, headers: Headers) => node.graphql(query, {}, headers)

test('revoking a session closes its WebSocket at once, and no other', async (t) => {
  const node = await standing(t)
  const admin = await signIn(node, 'admin')
  const [one, other] = [await sessionOf(node, admin), await sessionOf(node, admin)]
  const [first, second] = [await watch(t, node, one), await watch(t, node, other)]
  const { data } = await ask(node, '{ sessions { id isCurrent } }', one)
  const current = data.sessions.find((session: { isCurrent: boolean }) => session.isCurrent)
  const { code } = await closedBy(first, () => ask(node, `mutation { revokeSession(id: "${current.id}") }`, other))
  t.is(code, 4401)
  t.is(second.readyState, WebSocket.OPEN)
  t.is((await node.send('/api/nodes', { headers: one })).status, 401)
  t.is((await closedBy(second, () => ask(node, 'mutation { signOutEverywhere }', other))).code, 4401)
})

test("signing out closes that browser's WebSocket", async (t) => {
  const node = await standing(t)
  const session = await sessionOf(node, await signIn(node, 'viewer'))
  const socket = await watch(t, node, session)
  const { code } = await closedBy(socket, () => node.send('/auth/sign-out', { method: 'POST', headers: session }))
  t.is(code, 4401)
})

test('revoking a token closes its WebSockets, however it was sent', async (t) => {
  const node = await standing(t)
  const admin = await signIn(node, 'admin')
  const session = await sessionOf(node, admin)
  const { authorization, id } = await tokenOf(node, admin, 'viewer')
  const sockets = [await watch(t, node, { authorization }), await watch(t, node, {}, { authorization })]
  const closed = sockets.map((socket) => closedBy(socket, () => Promise.resolve()))
  t.deepEqual(await ask(node, `mutation { revokeApiToken(id: "${id}") }`, session), { data: { revokeApiToken: id } })
  for (const { code } of await Promise.all(closed)) {
    t.is(code, 4401)
  }
})

test('removing a user ends their sessions, tokens and WebSockets at once', async (t) => {
  const node = await standing(t)
  const admin = await sessionOf(node, await signIn(node, 'admin'))
  const leaver = await signIn(node, 'leaver')
  const session = await sessionOf(node, leaver)
  const { authorization } = await tokenOf(node, leaver, 'admin')
  const sockets = [await watch(t, node, session), await watch(t, node, { authorization })]
  const closed = sockets.map((socket) => closedBy(socket, () => Promise.resolve()))
  await ask(node, `mutation { removeUser(id: "${leaver.id}") }`, admin)
  t.deepEqual(
    (await Promise.all(closed)).map(({ code }) => code),
    [4401, 4401],
  )
  for (const headers of [session, { authorization }]) t.is((await node.send('/api/nodes', { headers })).status, 401)
})

test('an expired session or token closes its WebSocket', async (t) => {
  const clock = createManualClock(new Date())
  const node = await runningNode(t, peopleSettings, { clock })
  const viewer = await signIn(node, 'viewer')
  const { authorization } = await tokenOf(node, viewer, 'viewer')
  const socket = await watch(t, node, { authorization })
  const closed = once(socket, 'close')
  clock.sleep(24 * 3600 * 1000 - 16_000)
  t.is(socket.readyState, WebSocket.OPEN)
  clock.advance(32_000)
  t.is((await closed)[0], 4401)
})

/** A caller, with a function that ends the credential when the test wants. */
interface Guest {
  kind: string
  headers: Headers
  end: () => Promise<unknown>
}

/** Every kind of credential and every way it ends. All are valid at first. */
async function guests(t: ExecutionContext): Promise<{ node: RunningNode; guest: Guest }[]> {
  const clock = createManualClock(new Date())
  const node = await runningNode(t, peopleSettings, { clock })
  const admin = await sessionOf(node, await signIn(node, 'admin'))
  const owner = await signIn(node, 'owner')
  const [revoked, made] = [await sessionOf(node, owner), await tokenOf(node, owner, 'admin')]
  const over = await tokenOf(node, await signIn(node, 'admin'), 'admin')
  const leaver = await signIn(node, 'leaver')
  const edge = await accessEdge(t, clock.now())
  const behind = await runningNode(t, { ...edge.settings, AUTH_ADMINS: 'ann@example.com' }, { clock })
  return [
    {
      node,
      guest: { kind: 'a revoked session', headers: revoked, end: async () => node.services.access.sessions?.revokeAll(owner.id) },
    },
    {
      node,
      guest: {
        kind: 'a revoked token',
        headers: { authorization: made.authorization },
        end: () => node.services.access.tokens.revoke([owner.id], made.id),
      },
    },
    {
      node,
      guest: {
        kind: 'a session of a removed user',
        headers: await sessionOf(node, leaver),
        end: () => ask(node, `mutation { removeUser(id: "${leaver.id}") }`, admin),
      },
    },
    {
      node: behind,
      guest: {
        kind: 'an expired Cloudflare Access token',
        headers: await edge.header('ann@example.com'),
        end: () => Promise.resolve(clock.sleep(3600_000)),
      },
    },
    {
      node,
      guest: {
        kind: 'an expired API token',
        headers: { authorization: over.authorization },
        end: () => Promise.resolve(clock.sleep(24 * 3600_000)),
      },
    },
  ]
}

/** Too much to be sent to a reader that reads nothing. */
async function fillAudit(t: ExecutionContext, node: RunningNode): Promise<void> {
  const { em } = await testDatabase(t, node.databasePath)
  await em.getConnection().execute(
    `with recursive lines(n) as (select 1 union all select n + 1 from lines where n < 30000)
     insert into "audit_entries" ("at", "actor", "via", "address", "action", "outcome", "detail")
     select 0, 'x', 'x', 'x', 'x', 'denied', ? from lines`,
    ['y'.repeat(1000)],
  )
}

const slowDownload = (node: RunningNode, headers: Headers): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request(`${node.url}/api/audit.jsonl`, { agent: false, headers }, resolve).on('error', reject).end()
  })

test('every end of a credential closes what it opened: WebSockets and running downloads', async (t) => {
  for (const { node, guest } of await guests(t)) {
    await fillAudit(t, node)
    const socket = await watch(t, node, guest.headers)
    const download = await slowDownload(node, guest.headers)
    t.is(download.statusCode, 200, guest.kind)
    t.is(socket.readyState, WebSocket.OPEN, guest.kind)
    t.is((await closedBy(socket, guest.end)).code, 4401, guest.kind)
    await t.throwsAsync(buffer(download), { message: /aborted|ECONNRESET/ }, guest.kind)
    t.is((await node.send('/api/nodes', { headers: guest.headers })).status, 401, guest.kind)
  }
})

test('an expired Cloudflare Access token cannot make an API token over an open socket', async (t) => {
  const clock = createManualClock(new Date())
  const edge = await accessEdge(t, clock.now())
  const node = await runningNode(t, { ...edge.settings, AUTH_ADMINS: 'ann@example.com' }, { clock })
  const socket = await watch(t, node, await edge.header('ann@example.com'))
  const make = (id: string) => {
    const query = `mutation { createApiToken(input: { name: "${id}", scope: ADMIN, expiresInDays: 366 }) { secret } }`
    socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query } }))
  }
  const closed = once(socket, 'close')
  clock.sleep(3599_000)
  make('in time')
  t.regex(JSON.stringify(await nextMessage(socket)), /shly_/)
  clock.advance(1000)
  make('too late')
  t.is((await closed)[0], 4401)
  const { tokens, machineId } = node.services.access
  t.deepEqual(
    (await tokens.listOf(machineId())).map(({ name }) => name),
    ['in time'],
  )
})

test('a change of role or nodes closes the socket, and a new one has the new permissions', async (t) => {
  const clock = createManualClock(new Date())
  const node = await runningNode(t, { ...peopleSettings, ...groupSettings }, { clock })
  const person = { provider: groupSettings.OIDC_ISSUER, subject: '1', login: 'ann', name: null, email: null }
  const user = await node.services.access.users.signIn({ ...person, groups: ['in', 'ops'] })
  const session = await sessionOf(node, user)
  const socket = await watch(t, node, session)
  const closed = once(socket, 'close')
  await node.services.access.users.signIn({ ...person, groups: ['in'] })
  t.is((await closed)[0], 1012)
  const again = await watch(t, node, session)
  again.send(JSON.stringify({ id: '2', type: 'subscribe', payload: { query: '{ viewer { role } }' } }))
  const messages = await once(again, 'message')
  t.regex(String(messages[0]), /VIEWER/)
})

test('a role given in the dashboard closes sockets and downloads at once, and those of nobody else', async (t) => {
  const node = await standing(t)
  const admin = await sessionOf(node, await signIn(node, 'admin'))
  const { id } = await signIn(node, 'viewer')
  const person = await node.services.access.users.give(id, { role: 'admin', nodeLimit: null })
  const session = await sessionOf(node, person)
  const { authorization } = await tokenOf(node, person, 'admin')
  await fillAudit(t, node)
  const sockets = [await watch(t, node, session), await watch(t, node, { authorization })]
  const download = await slowDownload(node, session)
  const others = await watch(t, node, admin)
  const closed = sockets.map((socket) => closedBy(socket, () => Promise.resolve()))
  await ask(node, `mutation { updateUser(id: "${person.id}", input: { role: VIEWER }) { role } }`, admin)
  t.deepEqual(
    (await Promise.all(closed)).map(({ code }) => code),
    [1012, 1012],
  )
  await t.throwsAsync(buffer(download), { message: /aborted|ECONNRESET/ })
  t.is((await node.send('/api/audit.jsonl', { headers: session })).status, 403)
  t.is(others.readyState, WebSocket.OPEN)
})

test("a socket does not outlive that its session becomes another account's", async (t) => {
  const node = await runningNode(t, {}, { clock: createManualClock(new Date()) })
  const headers = await signInByLink(node)
  const bob = await addPerson(node, { name: 'bob', password: 'the password of bob' }, { role: 'viewer', nodeLimit: null })
  const socket = await watch(t, node, headers)
  const { code } = await closedBy(socket, () => setPassword(node, headers, { name: bob.login, password: 'bob forgot his one' }))
  t.is(code, 1012)
})

/** Forged values, derived from a real one. */
const forgeriesOf = (cookie: string): string[] => {
  const [name = '', value = ''] = cookie.split('=')
  const [random = '', signature = ''] = value.split('.')
  return [
    `${name}=${random}`,
    `${name}=${random}.`,
    `${name}=${random}.${signature.slice(0, -2)}`,
    `${name}=${random.slice(0, -2)}AA.${signature}`,
    `${name}=${signature}.${random}`,
    `${name}=.${signature}`,
    `${name}="${value}`,
    `${name}=%`,
    `${name}=__proto__.constructor`,
    `${name}x=${value}`,
    `${name}=${'a'.repeat(8000)}.${signature}`,
  ]
}

test('forged cookies and tokens are refused over HTTP and WebSocket', async (t) => {
  const node = await runningNode(t, peopleSettings)
  const admin = await signIn(node, 'admin')
  const { cookie } = await sessionOf(node, admin)
  const { authorization, id } = await tokenOf(node, admin, 'admin')
  const [, , , secret = ''] = /^(Bearer) (shly)_[^_]+_(.+)$/.exec(authorization) ?? []
  const jwt = [{ alg: 'none' }, { sub: admin.id, role: 'admin' }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.')
  const bad: Headers[] = [
    ...forgeriesOf(cookie).map((forged) => ({ cookie: forged })),
    ...[secret, `shly_${id}_`, `shly_${id}_${secret}x`, `shly_${id}_${secret.slice(1)}`, `shly__${secret}`, `${jwt}.`].map((token) => ({
      authorization: `Bearer ${token}`,
    })),
    { authorization: `Bearer shly_${admin.id}_${secret}` },
    { authorization: authorization.replace('Bearer', 'Token') },
    { authorization: `Bearer ${cookie}` },
    { cookie: `selfhostly_session=${authorization.slice(7)}` },
  ]
  for (const headers of bad) {
    const { status, text } = await node.send('/api/nodes', { headers })
    t.is(status, 401, `${JSON.stringify(headers).slice(0, 200)}: ${text}`)
  }
  const socket = new WebSocket(`${node.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers: bad[0] as Headers })
  await once(socket, 'open')
  const closed = once(socket, 'close')
  socket.send('{"type":"connection_init","payload":{"authorization":"Bearer shly_forged"}}')
  t.is((await closed)[0], 4401)
  t.deepEqual((await node.send('/api/nodes', { headers: { cookie } })).status, 200)
})

test('a cookie signed with another secret is refused', async (t) => {
  const database = { DATABASE_PATH: join(dataFolder(t), 'selfhostly.db') }
  const before = await runningNode(t, { ...peopleSettings, ...database })
  const session = await sessionOf(before, await signIn(before, 'admin'))
  await before.stop()
  const after = await runningNode(t, { ...peopleSettings, ...database, JWT_SECRET: 'another secret of more than thirty-two characters' })
  t.is((await after.send('/api/nodes', { headers: session })).status, 401)
})
