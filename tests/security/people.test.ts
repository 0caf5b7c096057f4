import { on } from 'node:events'
import test, { type ExecutionContext } from 'ava'
import { invalidInvitation } from '../../api/auth/invitations.ts'
import type { KnownUser } from '../../api/auth/users.ts'
import { createUserApi, type UserApi } from '../../api/user/user-api.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { addPerson, cookieOf, signInByPassword, someone } from '../helpers/password.ts'
import { peopleSettings, sessionOf, signIn, tokenOf } from '../helpers/people.ts'
import { assertProblem, fieldsOf } from '../helpers/problem.ts'
import { runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'
import { nextMessage, openGraphqlSocket, subscribeMessage } from '../helpers/websocket.ts'

type Test = ExecutionContext<unknown>

const bobs = { name: 'bob', password: 'the password of bob' }
const viewer = { role: 'viewer', nodeLimit: null } as const

/** A server with an administrator, who asks. */
async function administered(t: Test, make: (t: Test) => Promise<RunningNode> = runningNode) {
  const node = await make(t)
  const alice = await addPerson(node)
  const headers = await sessionOf(node, alice)
  const send = (method: string, path: string, json?: object) => node.send(path, { method, headers, ...(json && { json }) })
  return { node, alice, headers, send }
}

const roleOf = async (node: RunningNode, user: KnownUser): Promise<string> => {
  const { data } = await node.graphql('{ viewer { role } }', {}, await sessionOf(node, user))
  return String(data.viewer.role)
}

for (const [what, make] of [
  ['a primary', runningNode],
  ['a secondary', runningSecondary],
] as const) {
  test(`${what}: who can sign in, as what, and where from`, async (t) => {
    const { node, alice, send } = await administered(t, make)
    await addPerson(node, bobs, { role: 'operator', nodeLimit: [{ env: 'lab' }] })
    const { json } = await send('GET', '/api/users')
    t.deepEqual(
      json.map(({ login, role, node_limit, provider, password_name, role_from }: Record<string, unknown>) => [
        ...[login, role, node_limit, provider, password_name, role_from],
      ]),
      [
        ['alice', 'admin', null, 'local', 'alice', 'dashboard'],
        ['bob', 'operator', ['env=lab'], 'local', 'bob', 'dashboard'],
      ],
    )
    t.deepEqual(Object.keys(json[0].sessions[0]).toSorted(), ['address', 'created_at', 'id', 'last_used_at', 'user_agent'])
    t.true(json[0].last_seen_at >= alice.lastSignInAt.toISOString())
    t.deepEqual(json[1].sessions, [])
  })
}

test('a role and its nodes can be changed, at once and for open sessions, and the audit log says so', async (t) => {
  const { node, send } = await administered(t)
  const bob = await addPerson(node, bobs, viewer)
  const session = await sessionOf(node, bob)
  const path = `/api/users/${bob.id}`
  t.is((await node.send('/api/settings', { headers: session })).status, 403)
  const changed = await send('PUT', path, { role: 'operator' })
  t.like(changed.json, { login: 'bob', role: 'operator', node_limit: null })
  t.is((await node.send('/api/settings', { headers: session })).status, 200)
  t.like((await send('PUT', path, { role: 'operator', node_limit: ['env=lab,team=web', 'env=test'] })).json, {
    node_limit: ['env=lab,team=web', 'env=test'],
  })
  t.is((await node.send('/api/settings', { headers: session })).status, 403, 'which affects every node')
  for (const [json, fields] of [
    [{ role: 'root' }, ['role']],
    [{ role: 'admin', node_limit: ['lab'] }, ['node_limit']],
    [{ role: 'admin', name: 'x' }, ['name']],
    [{}, ['role']],
  ] as const) {
    const refused = await send('PUT', path, json)
    assertProblem(t, refused, 400)
    t.deepEqual(fieldsOf(refused), [...fields])
  }
  assertProblem(t, await send('PUT', '/api/users/00000000-0000-4000-8000-000000000000', { role: 'admin' }), 404)
  const lines = await node.services.access.audit.list({ action: 'user.update', outcome: 'succeeded' }, { limit: 10 })
  t.deepEqual(
    lines.map(({ actor, subject }) => `${actor}: ${subject}`),
    ['alice: bob (operator on env=lab,team=web or env=test)', 'alice: bob (operator)'],
  )
})

test('a role that was given survives a restart, and yields to one from the settings', async (t) => {
  const node = await runningNode(t, { ...peopleSettings, AUTH_ADMINS: 'admin', AUTH_OPERATORS: 'operator' })
  const admin = await signIn(node, 'admin')
  const person = await signIn(node, 'viewer')
  const fixed = await signIn(node, 'operator')
  const send = async (id: string, json: object) =>
    node.send(`/api/users/${id}`, { method: 'PUT', json, headers: await sessionOf(node, admin) })
  t.is((await send(person.id, { role: 'operator' })).status, 200)
  const refused = await send(fixed.id, { role: 'viewer' })
  assertProblem(t, refused, 409)
  t.regex(refused.json.detail, /AUTH_OPERATORS.* names operator\. Change the role there/)
  t.is(await roleOf(node, person), 'OPERATOR')
  await node.stop()
  const again = await runningNode(t, { ...node.settings, AUTH_VIEWERS: '' })
  t.is(await roleOf(again, person), 'OPERATOR')
  await again.stop()
  const named = await runningNode(t, { ...node.settings, AUTH_VIEWERS: 'viewer' })
  t.is(await roleOf(named, person), 'VIEWER')
})

test('the last administrator keeps the role and the account', async (t) => {
  const { node, alice, send } = await administered(t)
  const bob = await addPerson(node, bobs, { role: 'admin', nodeLimit: [{ env: 'lab' }] })
  const own = `/api/users/${alice.id}`
  for (const [method, json] of [
    ['PUT', { role: 'operator' }],
    ['PUT', { role: 'admin', node_limit: ['env=lab'] }],
    ['DELETE', undefined],
  ] as const) {
    const refused = await send(method, own, json)
    assertProblem(t, refused, 409)
    t.regex(refused.json.detail, /^alice is the last administrator of every node\. Make somebody else one before/)
  }
  t.is((await send('PUT', `/api/users/${bob.id}`, { role: 'admin' })).status, 200)
  t.is((await send('PUT', own, { role: 'operator' })).status, 200)
  t.is((await send('GET', '/api/users')).status, 403)
})

/** What somebody does in the dashboard, without the way through HTTP. */
const usersAs = ({ services }: RunningNode, { id, login, role, nodeLimit }: KnownUser) => {
  const credential = { credentialId: null, expiresAt: null, address: '192.0.2.7' }
  return createUserApi(services, { name: login, via: 'session', userId: id, role, nodeLimit, ...credential }).users
}

for (const [what, take] of [
  ['the account', (users: UserApi['users'], id: string) => users.remove(id)],
  ['the role', (users: UserApi['users'], id: string) => users.update(id, { role: 'viewer', nodeLimit: null })],
] as const) {
  test(`of two administrators who take ${what} from each other at the same moment, one stays`, async (t) => {
    const { node, alice } = await administered(t)
    const bob = await addPerson(node, bobs)
    const outcomes = await Promise.allSettled([take(usersAs(node, alice), bob.id), take(usersAs(node, bob), alice.id)])
    t.deepEqual(outcomes.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    t.is(node.services.access.users.list().filter(({ role }) => role === 'admin').length, 1)
  })
}

test('ending the sessions of somebody signs out their browsers and no script', async (t) => {
  const { node, send } = await administered(t)
  const bob = await addPerson(node, bobs, viewer)
  const session = await sessionOf(node, bob)
  const { authorization } = await tokenOf(node, bob, 'viewer')
  const ended = await send('DELETE', `/api/users/${bob.id}/sessions`)
  t.deepEqual(ended.json.sessions, [])
  t.is((await node.send('/api/nodes', { headers: session })).status, 401)
  t.is((await node.send('/api/nodes', { headers: { authorization } })).status, 200)
})

test('removing somebody ends everything they had, the password included', async (t) => {
  const { node, send } = await administered(t)
  const bob = await addPerson(node, bobs, viewer)
  const session = await sessionOf(node, bob)
  const { authorization } = await tokenOf(node, bob, 'viewer')
  t.is((await send('DELETE', `/api/users/${bob.id}`)).status, 204)
  for (const headers of [session, { authorization }]) t.is((await node.send('/api/nodes', { headers })).status, 401)
  assertProblem(t, await signInByPassword(node, bobs), 401)
  assertProblem(t, await send('DELETE', `/api/users/${bob.id}`), 404)
  await addPerson(node, { ...bobs, password: 'the next one of that name' }, viewer)
  t.is((await signInByPassword(node, { ...bobs, password: 'the next one of that name' })).status, 200)
})

const look = (node: RunningNode, code: unknown) => node.stranger.send('/auth/invitation', { method: 'POST', json: { code } })
const accept = (node: RunningNode, json: object, headers = {}) => node.stranger.send('/auth/invitation', { method: 'PUT', json, headers })

for (const [what, make] of [
  ['a primary', runningNode],
  ['a secondary', runningSecondary],
] as const) {
  test(`${what}: an invitation lets one person in, with a name, a password and the role it gives`, async (t) => {
    const { node, send } = await administered(t, make)
    const made = await send('POST', '/api/invitations', { role: 'operator', node_limit: ['env=lab'], note: 'Bob from work' })
    t.is(made.status, 201, made.text)
    const { invitation, code, url } = made.json
    t.like(invitation, { role: 'operator', node_limit: ['env=lab'], note: 'Bob from work', invited_by: 'alice' })
    t.true(url.endsWith(`/#invite=${code}`))
    t.regex(code, /^[\w-]{22}$/, '128 bits')
    const open = await send('GET', '/api/invitations')
    t.deepEqual(open.json, [invitation])
    t.false(open.text.includes(code))
    t.like((await look(node, code)).json, { role: 'operator', node_limit: ['env=lab'], invited_by: 'alice' })

    for (const [input, status] of [
      [{ code, ...bobs, name: 'alice' }, 409],
      [{ code, ...bobs, password: 'short' }, 400],
    ] as const) {
      assertProblem(t, await accept(node, input), status)
    }
    const accepted = await accept(node, { code, ...bobs })
    t.is(accepted.status, 200, accepted.text)
    const { data } = await node.graphql('{ viewer { name role } }', {}, { cookie: cookieOf(accepted) })
    t.deepEqual(data.viewer, { name: 'bob', role: 'OPERATOR' })
    t.like((await send('GET', '/api/users')).json[1], { login: 'bob', node_limit: ['env=lab'] })
    t.deepEqual((await send('GET', '/api/invitations')).json, [])
    for (const answer of [await look(node, code), await accept(node, { code, ...bobs, name: 'carol' })]) assertProblem(t, answer, 401)
    t.is((await signInByPassword(node, bobs)).status, 200)
    const [line] = await node.services.access.audit.list({ action: 'sign-in', actor: 'bob', outcome: 'succeeded' }, { limit: 10 })
    t.truthy(line)
    t.false(JSON.stringify(node.log).includes(code))
  })
}

test('an invitation expires, can be withdrawn, and works for one of many at the same time', async (t) => {
  const clock = createManualClock(new Date())
  const node = await runningNode(t, {}, { clock })
  const headers = await sessionOf(node, await addPerson(node))
  const invite = async (json: object = {}) =>
    (await node.send('/api/invitations', { method: 'POST', json: { role: 'viewer', ...json }, headers })).json
  const short = await invite({ expires_in_hours: 1 })
  clock.advance(3600 * 1000)
  assertProblem(t, await accept(node, { code: short.code, ...bobs }), 401)
  t.deepEqual((await node.send('/api/invitations', { headers })).json, [])
  const withdrawn = await invite()
  const path = `/api/invitations/${withdrawn.invitation.id}`
  t.is((await node.send(path, { method: 'DELETE', headers })).status, 204)
  assertProblem(t, await node.send(path, { method: 'DELETE', headers }), 404)
  assertProblem(t, await accept(node, { code: withdrawn.code, ...bobs }), 401)
  const { code } = await invite()
  const statuses = await Promise.all(
    ['b', 'c', 'd'].map(async (name) => (await accept(node, { code, name, password: someone.password })).status),
  )
  t.deepEqual(statuses.toSorted(), [200, 401, 401])
  for (const [json, fields] of [
    [{ expires_in_hours: 0 }, ['expires_in_hours']],
    [{ expires_in_hours: 721 }, ['expires_in_hours']],
    [{ note: 'x'.repeat(101) }, ['note']],
    [{ node_limit: ['env'] }, ['node_limit']],
  ] as const) {
    const refused = await node.send('/api/invitations', { method: 'POST', json: { role: 'viewer', ...json }, headers })
    t.deepEqual(fieldsOf(refused), [...fields])
  }
})

test('an invitation by a token made on the server names nobody', async (t) => {
  const node = await runningNode(t)
  const { invitation, code } = (await node.send('/api/invitations', { method: 'POST', json: { role: 'viewer' } })).json
  t.is(invitation.invited_by, null)
  t.is((await look(node, code)).json.invited_by, null)
})

test('without an invitation nobody learns which names are taken', async (t) => {
  const { node, send } = await administered(t)
  const { code } = (await send('POST', '/api/invitations', { role: 'viewer' })).json
  const guessed = 'A'.repeat(22)
  const [taken, free] = [await accept(node, { code: guessed, ...someone }), await accept(node, { code: guessed, ...bobs })]
  for (const answer of [taken, free]) assertProblem(t, answer, 401, { detail: invalidInvitation })
  assertProblem(t, await accept(node, { code, ...someone }), 409)
})

test('the invitations of somebody who may no longer invite do not work', async (t) => {
  const { node, send } = await administered(t)
  const inviteAs = async (name: string) => {
    const user = await addPerson(node, { ...bobs, name })
    const headers = await sessionOf(node, user)
    return { user, ...(await node.send('/api/invitations', { method: 'POST', json: { role: 'admin' }, headers })).json }
  }
  const [bob, carol] = [await inviteAs('bob'), await inviteAs('carol')]
  t.is((await send('GET', '/api/invitations')).json.length, 2)
  t.is((await send('PUT', `/api/users/${bob.user.id}`, { role: 'admin', node_limit: ['env=lab'] })).status, 200)
  t.is((await send('DELETE', `/api/users/${carol.user.id}`)).status, 204)
  t.deepEqual((await send('GET', '/api/invitations')).json, [])
  for (const { code } of [bob, carol]) assertProblem(t, await accept(node, { ...bobs, code, name: 'again' }), 401)
  t.is((await send('PUT', `/api/users/${bob.user.id}`, { role: 'admin' })).status, 200)
  t.is((await accept(node, { ...bobs, code: bob.code, name: 'again' })).status, 200)
})

test('each change of people, sessions, ways to sign in and invitations is told to those who manage them', async (t) => {
  const { node, headers, send } = await administered(t)
  const bob = await addPerson(node, bobs, viewer)
  const subscribe = async (as: Record<string, string>) => {
    const socket = await openGraphqlSocket(node, as)
    t.teardown(() => socket.terminate())
    socket.send(subscribeMessage('1', 'subscription { usersChanged }'))
    return socket
  }
  t.is((await nextMessage(await subscribe(await sessionOf(node, bob)))).payload.errors[0].extensions.code, 'FORBIDDEN')
  const socket = await subscribe(headers)
  const messages = on(socket, 'message')
  /** How many came before the answer to this. */
  const told = async () => {
    socket.send('{"type":"ping"}')
    for (let count = 0; ; count++) {
      const { value } = await messages.next()
      if (JSON.parse(String(value?.[0])).type === 'pong') return count
    }
  }
  t.is(await told(), 0)
  const invite = async () => (await send('POST', '/api/invitations', { role: 'viewer' })).json
  const [used, withdrawn] = [await invite(), await invite()]
  await told()
  for (const [what, change] of [
    ['a sign-in', () => signInByPassword(node, bobs)],
    ['a sign-out', () => send('DELETE', `/api/users/${bob.id}/sessions`)],
    ['an invitation', invite],
    ['one that is used', () => accept(node, { ...bobs, name: 'carol', code: used.code })],
    ['one that is withdrawn', () => send('DELETE', `/api/invitations/${withdrawn.invitation.id}`)],
    ['a role', () => send('PUT', `/api/users/${bob.id}`, { role: 'operator' })],
    ['an authenticator app', () => node.graphql('mutation { beginSecondFactor { secret } }', {}, headers)],
    ['a removal', () => send('DELETE', `/api/users/${bob.id}`)],
  ] as const) {
    await change()
    t.true((await told()) > 0, what)
    t.is(await told(), 0)
  }
})

test('a page of another site accepts no invitation', async (t) => {
  const { node, send } = await administered(t)
  const { code } = (await send('POST', '/api/invitations', { role: 'viewer' })).json
  assertProblem(t, await accept(node, { code, ...bobs }, { origin: 'https://other.example' }), 403)
  t.is((await accept(node, { code, ...bobs })).status, 200)
})

test('where nobody signs in, nobody is invited', async (t) => {
  const node = await runningNode(t, { AUTH_ENABLED: 'false' })
  const refused = await node.send('/api/invitations', { method: 'POST', json: { role: 'viewer' } })
  assertProblem(t, refused, 409)
  t.regex(refused.json.detail, /AUTH_ENABLED=false/)
})
