import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { LocalUserEntity } from '../../api/auth/local-user.entity.ts'
import { hashPassword } from '../../api/auth/password.ts'
import { linkMs } from '../../api/auth/sign-in-links.ts'
import { UserEntity } from '../../api/auth/user.entity.ts'
import { browserSecretHeader } from '../../api/http/browser-secret.ts'
import {
  addCheapPerson,
  addPerson,
  cookieOf,
  elsewhere,
  setPassword,
  signInByLink,
  signInByPassword,
  someone,
} from '../helpers/password.ts'
import { testDatabase } from '../helpers/database.ts'
import { outcomeOf } from '../helpers/outcome.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { peopleSettings, sessionOf, signIn, tokenOf } from '../helpers/people.ts'
import { assertProblem, fieldsOf } from '../helpers/problem.ts'
import { routesOf } from '../helpers/routes.ts'
import { nodeHeaders, runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'
import { graphqlFields } from '../helpers/sample-document.ts'
import { surfaceOf } from '../helpers/surfaces.ts'

type Test = ExecutionContext<unknown>

/** A secondary without a primary, and its administrator signed in from another machine. */
async function signedIn(t: Test) {
  const node = await runningSecondary(t)
  await addPerson(node)
  const answer = await signInByPassword(node)
  t.is(answer.status, 200, answer.text)
  return { node, headers: { ...elsewhere, cookie: cookieOf(answer) } }
}

test('someone with a password can use the user surface and not the node surface', async (t) => {
  const node = await runningSecondary(t)
  const person = await addPerson(node)
  const routes = (await routesOf(node.services)).filter(({ method }) => method !== 'ALL').map(({ method, path }) => `${method} ${path}`)
  for (const operation of [...routes, ...graphqlFields()]) {
    // New each time, because some calls end the session.
    const caller = { origin: node.url, headers: { ...elsewhere, ...(await sessionOf(node, person)) } }
    const surface = surfaceOf(operation)
    const expected = surface === 'node' || surface === 'own node' ? 401 : surface === 'cluster' || surface === 'join' ? 403 : 'in'
    t.is(await outcomeOf(operation, caller), expected, operation)
  }
})

test('someone with a password on a secondary is an admin of this node, with a normal session', async (t) => {
  const { node, headers } = await signedIn(t)
  const { data } = await node.graphql('{ viewer { name role via } sessions { address isCurrent } }', {}, headers)
  t.deepEqual(data.viewer, { name: 'alice', role: 'ADMIN', via: 'session' })
  t.deepEqual(data.sessions, [{ address: '127.0.0.1', isCurrent: true }])
  const again = await signInByPassword(node, { ...someone, name: ' Alice ' }, { headers })
  t.is(again.status, 200, again.text)
  t.regex(String(again.headers['set-cookie']), /HttpOnly; SameSite=Lax/)
  t.is((await node.send('/api/apps', { headers })).status, 401, 'the earlier session of the browser has ended')
  const now = { ...elsewhere, cookie: cookieOf(again) }
  t.is((await node.send('/auth/sign-out', { method: 'POST', headers: now })).status, 204)
  t.is((await node.send('/api/apps', { headers: now })).status, 401)
})

test('a wrong password and an unknown name get the same answer and cost the same work', async (t) => {
  const node = await runningSecondary(t)
  await addPerson(node)
  const attempt = async (user: object) => {
    const began = performance.now()
    const answer = await signInByPassword(node, user)
    return { answer, ms: performance.now() - began }
  }
  await attempt({ name: 'nobody', password: 'warms up both ways' })
  const wrong = await attempt({ ...someone, password: 'correct horse batterY' })
  const unknown = await attempt({ name: 'mallory', password: someone.password })
  for (const { answer } of [wrong, unknown]) {
    assertProblem(t, answer, 401, { detail: 'Wrong name or password', code: 'UNAUTHENTICATED' })
    t.is(answer.headers['set-cookie'], undefined)
  }
  // A busy machine only makes these slower. Hashing takes at least this long, and no hashing takes a few milliseconds.
  for (const { ms } of [wrong, unknown]) t.true(ms > 60, `${ms} ms`)
})

test('invalid forms are refused field by field, before any hashing', async (t) => {
  const node = await runningSecondary(t)
  await addPerson(node)
  for (const [body, fields] of [
    [{}, ['name', 'password']],
    [{ name: 'alice', password: 7 }, ['password']],
    [{ name: '', password: 'x'.repeat(1001) }, ['name', 'password']],
    ['text', ['body']],
    [null, ['body']],
  ] as const) {
    const answer = await signInByPassword(node, body as object)
    assertProblem(t, answer, 400)
    t.deepEqual(fieldsOf(answer), [...fields], JSON.stringify(body))
  }
  const form = { method: 'POST', body: JSON.stringify(someone), headers: { ...elsewhere, 'content-type': 'text/plain' } }
  assertProblem(t, await node.send('/auth/password', form), 400)
})

test('a page of another site cannot sign anyone in', async (t) => {
  const node = await runningSecondary(t)
  await addPerson(node)
  for (const headers of [{ origin: 'https://other.example' }, { 'sec-fetch-site': 'cross-site' }] as Record<string, string>[]) {
    assertProblem(t, await signInByPassword(node, someone, { headers }), 403)
  }
})

const proxied = { TRUSTED_PROXIES: '127.0.0.1' }
const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })
const guess = (node: RunningNode, address: string) => signInByPassword(node, { ...someone, password: 'not the right one' }, from(address))

test('guesses are limited by name and address together, even in parallel', async (t) => {
  const node = await runningSecondary(t, undefined, proxied)
  await addCheapPerson(t, node)
  const guesses = [await Promise.all(Array.from({ length: 8 }, () => guess(node, '203.0.113.1')))].flat()
  for (let count = 0; count < 12; count++) guesses.push(await guess(node, '203.0.113.1'))
  t.is(guesses.filter(({ status }) => status === 401).length, 10)
  const refused = await signInByPassword(node, someone, from('203.0.113.1'))
  assertProblem(t, refused, 429)
  t.regex(String(refused.headers['retry-after']), /^\d+$/)
  t.is((await signInByPassword(node, someone, from('203.0.113.2'))).status, 200, 'guesses from elsewhere lock nobody out')
})

test('a known address neither queues behind strangers nor shares their budget', async (t) => {
  const clock = createManualClock(new Date())
  const node = await runningSecondary(t, undefined, proxied, { clock })
  await addPerson(node)
  t.is((await signInByPassword(node, someone, from('203.0.113.2'))).status, 200)
  const strangers = Array.from({ length: 30 }, (_, index) => guess(node, `198.51.100.${index}`))
  t.is((await signInByPassword(node, someone, from('203.0.113.2'))).status, 200)
  const statuses = (await Promise.all(strangers)).map(({ status }) => status)
  t.true(
    statuses.every((status) => status === 401 || status === 429),
    'a queue of strangers is bounded',
  )
})

test('guesses from the same address do not lock out a known browser', async (t) => {
  const node = await runningSecondary(t, undefined, proxied)
  await addCheapPerson(t, node)
  const browser = { ...from('203.0.113.1').headers, [browserSecretHeader]: 'b'.repeat(43) }
  t.is((await signInByPassword(node, someone, { headers: browser })).status, 200)
  for (let count = 0; count < 12; count++) await guess(node, '203.0.113.1')
  t.is((await guess(node, '203.0.113.1')).status, 429)
  t.is((await signInByPassword(node, someone, { headers: browser })).status, 200)
  t.is((await signInByPassword(node, someone, from('203.0.113.1'))).status, 429, 'another browser there waits')
})

test('without a password there is no password sign-in, and every one is refused', async (t) => {
  const node = await runningNode(t)
  t.deepEqual((await node.send('/auth/providers')).json, { providers: [], password: false, passkey: false, link: true })
  assertProblem(t, await signInByPassword(node), 401)
  await addPerson(node)
  t.deepEqual((await node.send('/auth/providers')).json, { providers: [], password: true, passkey: false, link: true })
})

for (const [what, make] of [
  ['a primary', runningNode],
  ['a secondary', runningSecondary],
] as const) {
  test(`${what}: after the link, a name and a password, which sign in as an administrator`, async (t) => {
    const node = await make(t)
    t.false(node.services.access.administratorCanSignIn())
    const headers = await signInByLink(node)
    const set = await setPassword(node, headers, { ...someone, name: 'Alice' })
    t.is(set.status, 200, set.text)
    t.deepEqual(set.json, { name: 'alice' })
    t.true(node.services.access.administratorCanSignIn(), 'the next start prints no link')
    const viewer = { name: 'alice', role: 'ADMIN', via: 'session' }
    t.deepEqual((await node.graphql('{ viewer { name role via } }', {}, headers)).data.viewer, viewer, 'the session is now theirs')
    await node.stop()
    const again = await runningNode(t, { ...node.settings })
    const answer = await signInByPassword(again)
    t.is(answer.status, 200, answer.text)
    t.deepEqual((await again.graphql('{ viewer { name role via } }', {}, { cookie: cookieOf(answer) })).data.viewer, viewer)
  })
}

test('changing a password needs the one until now, and ends the other sessions and nothing else', async (t) => {
  const node = await runningNode(t)
  const alice = await addPerson(node)
  const other = await sessionOf(node, alice)
  const headers = { cookie: cookieOf(await signInByPassword(node)) }
  const token = await tokenOf(node, alice, 'viewer')
  const next = { name: 'alice', password: 'another horse battery' }
  for (const [current, says] of [
    [undefined, /is required to change the password/],
    ['not the current one', /is not your password until now/],
  ] as const) {
    const refused = await setPassword(node, headers, { ...next, current })
    assertProblem(t, refused, 400)
    t.deepEqual(fieldsOf(refused), ['current'])
    t.regex(refused.text, says)
  }
  t.is((await node.send('/api/apps', { headers: other })).status, 200)
  const answer = await setPassword(node, headers, { ...next, current: someone.password })
  t.is(answer.status, 200, answer.text)
  t.is((await node.send('/api/apps', { headers: other })).status, 401)
  t.is((await node.send('/api/apps', { headers })).status, 200)
  t.is((await node.send('/api/apps', { headers: { authorization: token.authorization } })).status, 200)
  t.is((await signInByPassword(node)).status, 401)
  t.is((await signInByPassword(node, next)).status, 200)
})

test('a taken name is 409, except right after a link, which replaces a forgotten password', async (t) => {
  const clock = createManualClock(new Date())
  const node = await runningNode(t, {}, { clock })
  await addPerson(node)
  const bob = await addPerson(node, { name: 'bob', password: 'the password of bob' }, { role: 'viewer', nodeLimit: null })
  const bobs = await sessionOf(node, bob)
  const mine = { name: 'ALICE', password: 'a password for alice' }
  for (const name of [mine.name, 'machine', 'administrator']) {
    const taken = await setPassword(node, bobs, { ...mine, name, current: 'the password of bob' })
    assertProblem(t, taken, 409, { code: 'CONFLICT' })
  }
  const late = await signInByLink(node)
  clock.advance(linkMs)
  assertProblem(t, await setPassword(node, late, mine), 409)
  const fresh = await signInByLink(node)
  t.is((await setPassword(node, fresh, mine)).status, 200)
  t.is((await setPassword(node, fresh, { ...mine, password: 'changed a minute later' })).status, 200, 'still without the current one')
  t.is((await signInByPassword(node)).status, 401)
  t.is((await signInByPassword(node, { name: 'alice', password: 'changed a minute later' })).status, 200)
  const again = await signInByLink(node)
  t.is((await setPassword(node, again, { name: 'bob', password: 'bob forgot his one' })).status, 200)
  const { data } = await node.graphql('{ viewer { name role } }', {}, again)
  t.deepEqual(data.viewer, { name: 'bob', role: 'VIEWER' }, 'a link raises nobody else')
  t.is((await node.send('/api/apps', { headers: bobs })).status, 401)
})

test('a person who signs in with a provider can set a password too, and loses it with the place on the list', async (t) => {
  const node = await runningNode(t, peopleSettings)
  const operator = await signIn(node, 'operator')
  const headers = await sessionOf(node, operator)
  t.is((await setPassword(node, headers, { ...someone, name: 'admin' })).status, 200, 'nobody has that login yet')
  await signIn(node, 'admin')
  const answer = await signInByPassword(node, { ...someone, name: 'admin' })
  const { data } = await node.graphql('{ viewer { name role } }', {}, { cookie: cookieOf(answer) })
  t.deepEqual(data.viewer, { name: 'operator', role: 'OPERATOR' })
  await node.stop()
  const without = await runningNode(t, { ...node.settings, GITHUB_ALLOWED_USERS: 'admin' })
  assertProblem(t, await signInByPassword(without, { ...someone, name: 'admin' }), 401, { detail: 'Wrong name or password' })
})

test('only a session sets a password: no stranger, token or edge', async (t) => {
  const node = await runningNode(t)
  assertProblem(t, await setPassword(node.stranger, {}, someone), 401)
  assertProblem(t, await setPassword(node, node.headers, someone), 403)
  const edge = await runningNode(t, { AUTH_ENABLED: 'false' })
  assertProblem(t, await setPassword(edge, {}, someone), 403)
  t.is((await signInByPassword(edge)).status, 404)
})

test('a weak password or a wrong name is refused field by field', async (t) => {
  const node = await runningNode(t)
  const headers = await signInByLink(node)
  for (const [input, fields] of [
    [{ name: 'alice', password: 'short' }, ['password']],
    [{ name: 'alice', password: 'aaaaaaaaaaaaaaaa' }, ['password']],
    [{ name: 'al ice', password: 'short' }, ['name', 'password']],
    [{ name: '-alice', password: someone.password }, ['name']],
    [{ ...someone, role: 'admin' }, ['role']],
  ] as const) {
    const answer = await setPassword(node, headers, input)
    assertProblem(t, answer, 400)
    t.deepEqual(fieldsOf(answer), [...fields], JSON.stringify(input))
  }
})

/** The database of an older version with a local user, and the headers of that user's session. */
async function withFormerLocalUser(t: Test, node: RunningNode) {
  const { em } = await testDatabase(t, node.databasePath)
  const at = new Date('2026-11-24T00:00:00Z')
  const version = randomUUID()
  await em.insert(LocalUserEntity, {
    name: 'alice',
    version,
    passwordHash: await hashPassword(someone.password),
    createdAt: at,
    changedAt: at,
  })
  const account = { provider: 'local', subject: version, login: 'alice', name: null, email: null, groups: [] }
  const given = { allowedAs: 'alice', role: null, nodeLimit: null, createdAt: at, lastSignInAt: at }
  await em.insert(UserEntity, { id: randomUUID(), ...account, ...given })
}

test('an upgrade keeps the local users of a secondary, with name and password, and says so', async (t) => {
  const before = await runningSecondary(t)
  await withFormerLocalUser(t, before)
  await before.stop()
  const node = await runningNode(t, { ...before.settings })
  const answer = await signInByPassword(node)
  t.is(answer.status, 200, answer.text)
  const { data } = await node.graphql('{ viewer { name role } users { login provider } }', {}, { cookie: cookieOf(answer) })
  t.deepEqual(data, { viewer: { name: 'alice', role: 'ADMIN' }, users: [{ login: 'alice', provider: 'local' }] })
  t.true(node.log.some(({ msg, names }) => /local users now sign in/.test(msg) && String(names) === 'alice'))
  await node.stop()
  const third = await runningNode(t, { ...before.settings })
  t.is((await signInByPassword(third)).status, 200, 'once is enough')
  t.false(third.log.some(({ msg }) => /local users/.test(msg)))
})

test('an upgrade lets no former local user into a primary', async (t) => {
  const before = await runningNode(t)
  await withFormerLocalUser(t, before)
  await before.stop()
  const node = await runningNode(t, { ...before.settings })
  assertProblem(t, await signInByPassword(node), 401)
  t.true(node.log.some(({ msg, level }) => /never worked on a primary/.test(msg) && level === 'warn'))
})

test('neither the password nor an unknown name appears in answers, logs or files', async (t) => {
  const node = await runningSecondary(t)
  await addPerson(node)
  const mistaken = 'typed-in-the-wrong-field'
  const answers = [
    await signInByPassword(node),
    await signInByPassword(node, { ...someone, password: `${someone.password}!` }),
    await signInByPassword(node, { name: mistaken, password: someone.password }),
    await signInByPassword(node, { password: someone.password }),
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
    t.false(text.includes(someone.password))
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

test('a password gives node credentials no more access, and a session sent with them gives none', async (t) => {
  const { node, headers } = await signedIn(t)
  assertProblem(t, await node.send('/api/apps', { headers: { ...headers, ...nodeHeaders(node) } }), 401)
  assertProblem(t, await node.send('/api/internal/apps', { headers }), 401)
  t.is((await node.send('/api/internal/apps', { headers: nodeHeaders(node) })).status, 200)
})
