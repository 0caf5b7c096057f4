import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { browserSecretHeader } from '../../api/http/browser-secret.ts'
import { addCheapLocalUser, addLocalUser, besideNode, cookieOf, elsewhere, localUser, signInLocally } from '../helpers/local-user.ts'
import { outcomeOf } from '../helpers/outcome.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { assertProblem, fieldsOf } from '../helpers/problem.ts'
import { routesOf } from '../helpers/routes.ts'
import { nodeHeaders, runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'
import { graphqlFields } from '../helpers/sample-document.ts'
import { surfaceOf } from '../helpers/surfaces.ts'
import { closeCode, nextMessage, openGraphqlSocket, subscribeMessage } from '../helpers/websocket.ts'

type Test = ExecutionContext<unknown>

/** A secondary without a primary, and its local user signed in from another machine. */
async function signedIn(t: Test) {
  const node = await runningSecondary(t)
  const beside = await addLocalUser(t, node)
  const answer = await signInLocally(node)
  t.is(answer.status, 200, answer.text)
  return { node, beside, headers: { ...elsewhere, cookie: cookieOf(answer) } }
}

/** Makes the local user's account as a sign-in does, without hashing a password. */
async function sessionOf({ services }: RunningNode): Promise<string> {
  const { users, sessions, localUsers } = services.access
  const [subject = ''] = localUsers?.versions() ?? []
  const { id } = await users.signIn({ provider: 'local', subject, login: localUser.name, name: null, email: null, groups: [] })
  return `selfhostly_session=${await sessions?.open(id, { address: '203.0.113.7', userAgent: 'a test' })}`
}

test('a local user can use the user surface and not the node surface', async (t) => {
  const node = await runningSecondary(t)
  await addLocalUser(t, node)
  const routes = (await routesOf(node.services)).filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`)
  for (const operation of [...routes, ...graphqlFields()]) {
    // New each time, because some calls end the session.
    const caller = { origin: node.url, headers: { ...elsewhere, cookie: await sessionOf(node) } }
    const surface = surfaceOf(operation)
    const expected = surface === 'node' || surface === 'own node' ? 401 : surface === 'cluster' || surface === 'join' ? 403 : 'in'
    t.is(await outcomeOf(operation, caller), expected, operation)
  }
})

test('a local user is an admin of this node, with a normal session', async (t) => {
  const { node, headers } = await signedIn(t)
  const { data } = await node.graphql('{ viewer { name role via } sessions { address isCurrent } }', {}, headers)
  t.deepEqual(data.viewer, { name: 'alice', role: 'ADMIN', via: 'session' })
  t.deepEqual(data.sessions, [{ address: '127.0.0.1', isCurrent: true }])
  const again = await signInLocally(node, { ...localUser, name: ' Alice ' }, { headers })
  t.is(again.status, 200, again.text)
  t.regex(String(again.headers['set-cookie']), /HttpOnly; SameSite=Lax/)
  t.is((await node.send('/api/apps', { headers })).status, 401, 'the earlier session of the browser has ended')
  const now = { ...elsewhere, cookie: cookieOf(again) }
  t.is((await node.send('/auth/sign-out', { method: 'POST', headers: now })).status, 204)
  t.is((await node.send('/api/apps', { headers: now })).status, 401)
})

test('a wrong password and an unknown name get the same answer and cost the same work', async (t) => {
  const node = await runningSecondary(t)
  await addLocalUser(t, node)
  const attempt = async (user: object) => {
    const began = performance.now()
    const answer = await signInLocally(node, user)
    return { answer, ms: performance.now() - began }
  }
  await attempt({ name: 'nobody', password: 'warms up both ways' })
  const wrong = await attempt({ ...localUser, password: 'correct horse batterY' })
  const unknown = await attempt({ name: 'mallory', password: localUser.password })
  for (const { answer } of [wrong, unknown]) {
    assertProblem(t, answer, 401, { detail: 'Wrong name or password', code: 'UNAUTHENTICATED' })
    t.is(answer.headers['set-cookie'], undefined)
  }
  // A busy machine only makes these slower. Hashing takes at least this long, and no hashing takes a few milliseconds.
  for (const { ms } of [wrong, unknown]) t.true(ms > 60, `${ms} ms`)
})

test('invalid forms are refused field by field, before any hashing', async (t) => {
  const node = await runningSecondary(t)
  await addLocalUser(t, node)
  for (const [body, fields] of [
    [{}, ['name', 'password']],
    [{ name: 'alice', password: 7 }, ['password']],
    [{ name: '', password: 'x'.repeat(1001) }, ['name', 'password']],
    ['text', ['body']],
    [null, ['body']],
  ] as const) {
    const answer = await signInLocally(node, body as object)
    assertProblem(t, answer, 400)
    t.deepEqual(fieldsOf(answer), [...fields], JSON.stringify(body))
  }
  const form = { method: 'POST', body: JSON.stringify(localUser), headers: { ...elsewhere, 'content-type': 'text/plain' } }
  assertProblem(t, await node.send('/auth/local', form), 400)
})

test('a page of another site cannot sign anyone in', async (t) => {
  const node = await runningSecondary(t)
  await addLocalUser(t, node)
  for (const headers of [{ origin: 'https://other.example' }, { 'sec-fetch-site': 'cross-site' }] as Record<string, string>[]) {
    assertProblem(t, await signInLocally(node, localUser, { headers }), 403)
  }
})

const proxied = { TRUSTED_PROXIES: '127.0.0.1' }
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })
const guess = (node: RunningNode, address: string) => signInLocally(node, { ...localUser, password: 'not the right one' }, from(address))

test('guesses are limited by name and address together, even in parallel', async (t) => {
  const node = await runningSecondary(t, undefined, proxied)
  await addCheapLocalUser(t, node)
  const guesses = [await Promise.all(Array.from({ length: 8 }, () => guess(node, '203.0.113.1')))].flat()
  for (let count = 0; count < 12; count++) guesses.push(await guess(node, '203.0.113.1'))
  t.is(guesses.filter(({ status }) => status === 401).length, 10)
  const refused = await signInLocally(node, localUser, from('203.0.113.1'))
  assertProblem(t, refused, 429)
  t.regex(String(refused.headers['retry-after']), /^\d+$/)
  t.is((await signInLocally(node, localUser, from('203.0.113.2'))).status, 200, 'guesses from elsewhere lock nobody out')
})

test('a known address neither queues behind strangers nor shares their budget', async (t) => {
  const clock = createManualClock(new Date())
  const node = await runningSecondary(t, undefined, proxied, { clock })
  await addLocalUser(t, node)
  t.is((await signInLocally(node, localUser, from('203.0.113.2'))).status, 200)
  const strangers = Array.from({ length: 30 }, (_, index) => guess(node, `198.51.100.${index}`))
  t.is((await signInLocally(node, localUser, from('203.0.113.2'))).status, 200)
  const statuses = (await Promise.all(strangers)).map(({ status }) => status)
  t.true(
    statuses.every((status) => status === 401 || status === 429),
    'a queue of strangers is bounded',
  )
})

test('guesses from the same address do not lock out a known browser', async (t) => {
  const node = await runningSecondary(t, undefined, proxied)
  await addCheapLocalUser(t, node)
  const browser = { ...from('203.0.113.1').headers, [browserSecretHeader]: 'b'.repeat(43) }
  t.is((await signInLocally(node, localUser, { headers: browser })).status, 200)
  for (let count = 0; count < 12; count++) await guess(node, '203.0.113.1')
  t.is((await guess(node, '203.0.113.1')).status, 429)
  t.is((await signInLocally(node, localUser, { headers: browser })).status, 200)
  t.is((await signInLocally(node, localUser, from('203.0.113.1'))).status, 429, 'another browser there waits')
})

test('changing or removing a local user in another process ends sessions, tokens and WebSockets within seconds', async (t) => {
  const { node, beside, headers } = await signedIn(t)
  for (const change of [() => beside.set({ ...localUser, password: 'another horse battery' }), () => beside.remove()]) {
    const { data } = await node.graphql(
      'mutation { createApiToken(input: { name: "t", scope: ADMIN, expiresInDays: 1 }) { secret } }',
      {},
      headers,
    )
    const authorization = { ...elsewhere, authorization: `Bearer ${data.createApiToken.secret}` }
    t.is((await node.send('/api/apps', { headers: authorization })).status, 200)
    const socket = await openGraphqlSocket(node, headers)
    t.teardown(() => socket.terminate())
    socket.send(subscribeMessage('1', 'subscription { nodeStatusChanged { id } }'))
    await nextMessage(socket)
    const closed = closeCode(socket)
    await change()
    const began = performance.now()
    t.is(await closed, 4401)
    // Checked every 2 s. The rest allows for a busy machine.
    t.true(performance.now() - began < 8000)
    const statuses = await Promise.all([headers, authorization].map((each) => node.send('/api/apps', { headers: each })))
    t.deepEqual(
      statuses.map(({ status }) => status),
      [401, 401],
    )
    if ((await beside.list()).length > 0)
      headers.cookie = cookieOf(await signInLocally(node, { ...localUser, password: 'another horse battery' }))
  }
  assertProblem(t, await signInLocally(node), 401)
})

test('without local users there is no password sign-in, and every password is refused', async (t) => {
  const node = await runningSecondary(t)
  t.deepEqual((await node.send('/auth/providers')).json, { providers: [], link: true })
  assertProblem(t, await signInLocally(node), 401)
})

test('a primary ignores local users in its database', async (t) => {
  const node = await runningNode(t)
  const beside = await besideNode(t, node)
  await beside.set()
  await node.services.access.refreshLocalUsers()
  t.is((await signInLocally(node)).status, 401)
  t.deepEqual((await node.send('/auth/providers')).json, { providers: [], link: true })
})

test('neither the password nor an unknown name appears in answers, logs or files', async (t) => {
  const node = await runningSecondary(t)
  await addLocalUser(t, node)
  const mistaken = 'typed-in-the-wrong-field'
  const answers = [
    await signInLocally(node),
    await signInLocally(node, { ...localUser, password: `${localUser.password}!` }),
    await signInLocally(node, { name: mistaken, password: localUser.password }),
    await signInLocally(node, { password: localUser.password }),
    await node.send('/api/audit.jsonl'),
  ]
  const entries = await node.services.access.audit.list({ action: 'sign-in' }, { limit: 10 })
  t.deepEqual(
    entries.map(({ actor, via, outcome }) => `${actor} ${via} ${outcome}`),
    ['unknown password denied', 'alice password denied', 'alice password succeeded'],
  )
  const texts = [...answers.map(({ text }) => text), JSON.stringify(node.log)]
  await node.stop()
  for (const file of ['', '-wal']) texts.push(read(node.databasePath + file))
  for (const text of texts) {
    t.false(text.includes(localUser.password))
    t.false(text.includes(mistaken))
  }
  t.true(
    texts.some((text) => text.includes('$scrypt$')),
    'the hash is where it was looked for',
  )
})

const read = (path: string): string => {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

test('a local user gives node credentials no more access, and a session sent with them gives none', async (t) => {
  const { node, headers } = await signedIn(t)
  assertProblem(t, await node.send('/api/apps', { headers: { ...headers, ...nodeHeaders(node) } }), 401)
  assertProblem(t, await node.send('/api/internal/apps', { headers }), 401)
  t.is((await node.send('/api/internal/apps', { headers: nodeHeaders(node) })).status, 200)
})
