import test, { type ExecutionContext } from 'ava'
import { linkMs } from '../../api/auth/sign-in-links.ts'
import { cookieOf } from '../helpers/password.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { peopleSettings, sessionOf, signIn, tokenOf } from '../helpers/people.ts'
import { assertProblem, fieldsOf } from '../helpers/problem.ts'
import { runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'

const use = (node: RunningNode, code: unknown, headers: Record<string, string> = {}) =>
  node.stranger.send('/auth/link', { method: 'POST', json: { code }, headers })

const codeOf = async (node: RunningNode): Promise<string> => (await node.services.access.links?.make()) ?? ''

const roles: [what: string, make: (t: ExecutionContext) => Promise<RunningNode>][] = [
  ['a primary', runningNode],
  ['a secondary', runningSecondary],
]

for (const [what, make] of roles) {
  test(`${what}: the code signs in as its administrator, once, and the session survives a restart`, async (t) => {
    const node = await make(t)
    const code = await codeOf(node)
    t.regex(code, /^[\w-]{22}$/, '128 bits')
    const answer = await use(node, code)
    t.is(answer.status, 200, answer.text)
    t.regex(String(answer.headers['set-cookie']), /^selfhostly_session=\S+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/)
    const headers = { cookie: cookieOf(answer) }
    t.deepEqual((await node.graphql('{ viewer { name role via } }', {}, headers)).data.viewer, {
      ...{ name: 'administrator', role: 'ADMIN', via: 'session' },
    })
    const again = await use(node, code)
    assertProblem(t, again, 401, { code: 'UNAUTHENTICATED' })
    t.is(again.headers['set-cookie'], undefined)
    const lines = await node.services.access.audit.list({ action: 'sign-in' }, { limit: 10 })
    t.deepEqual(
      lines.map(({ actor, via, outcome }) => `${actor} ${via} ${outcome}`),
      ['unknown link denied', 'administrator link succeeded'],
    )
    await node.stop()
    const restarted = await runningNode(t, { ...node.settings })
    t.is((await restarted.send('/api/nodes', { headers })).status, 200)
  })
}

test('only one of many simultaneous uses of a code succeeds', async (t) => {
  const node = await runningNode(t)
  const code = await codeOf(node)
  const answers = await Promise.all(Array.from({ length: 10 }, () => use(node, code)))
  t.deepEqual(answers.map(({ status }) => status).toSorted(), [200, ...Array.from({ length: 9 }, () => 401)])
})

test('a code expires after 15 minutes, or as soon as there is a newer one', async (t) => {
  const clock = createManualClock(new Date())
  const node = await runningNode(t, {}, { clock })
  const [former, newer] = [await codeOf(node), await codeOf(node)]
  assertProblem(t, await use(node, former), 401)
  clock.advance(linkMs - 1)
  t.is((await use(node, newer)).status, 200)
  const late = await codeOf(node)
  clock.advance(linkMs)
  assertProblem(t, await use(node, late), 401)
})

test('wrong codes are refused in one sentence, limited by address, and never block the right one', async (t) => {
  const node = await runningNode(t)
  const code = await codeOf(node)
  for (const wrong of ['', 'x', 'A'.repeat(22), `${code}x`, code.toUpperCase() === code ? 'a' : code.toUpperCase()]) {
    const { detail } = (await use(node, wrong)).json
    t.regex(detail, /npm run link/)
  }
  for (const wrong of [undefined, null, 7, {}, 'x'.repeat(201)]) t.deepEqual(fieldsOf(await use(node, wrong)), ['code'])
  const statuses: number[] = []
  for (let count = 0; count < 40; count++) statuses.push((await use(node, 'wrong')).status)
  t.is(statuses.at(-1), 429)
  t.is(await node.services.access.audit.count({ action: 'sign-in' }), 20, 'beyond twenty they are counted in one line')
  t.is((await use(node, code)).status, 200, 'the right one counts, whatever came before it')
})

test('wrong codes from one IPv6 network count together, however many addresses it has', async (t) => {
  const node = await runningNode(t, { TRUSTED_PROXIES: '127.0.0.1' })
  const from = async (address: string) => (await use(node, 'wrong', { 'x-forwarded-for': address })).status
  const statuses: number[] = []
  for (let host = 1; host <= 31; host++) statuses.push(await from(`2001:db8::${host.toString(16)}`))
  t.deepEqual([statuses.indexOf(429), await from('2001:db8:0:1::1')], [30, 401])
})

test('only a page of this server can use a code', async (t) => {
  const node = await runningNode(t, { CORS_ORIGINS: 'https://tools.example.com' })
  const code = await codeOf(node)
  for (const origin of ['https://tools.example.com', 'https://evil.example', 'null', 'http://127.0.0.1:1'])
    assertProblem(t, await use(node, code, { origin }), 403)
  assertProblem(t, await use(node, code, { 'sec-fetch-site': 'cross-site' }), 403)
  const form = { method: 'POST', body: `code=${code}`, headers: { 'content-type': 'application/x-www-form-urlencoded' } }
  assertProblem(t, await node.stranger.send('/auth/link', form), 400)
  t.is((await use(node, code, { origin: node.url })).status, 200)
})

test('the cookie is Secure only if the browser uses TLS', async (t) => {
  const node = await runningNode(t, { AUTH_BASE_URL: 'https://selfhostly.example.com' })
  const cookie = async (host: string) => String((await use(node, await codeOf(node), { host })).headers['set-cookie'])
  t.notRegex(await cookie('localhost:8080'), /Secure/)
  t.regex(await cookie('selfhostly.example.com'), /^__Host-.*; Secure/)
})

test('there is no link where nobody signs in', async (t) => {
  const node = await runningNode(t, { AUTH_ENABLED: 'false' })
  t.is(node.services.access.links, null)
  t.is((await use(node, 'A'.repeat(22))).status, 404)
  t.deepEqual((await node.stranger.send('/auth/providers')).json, { providers: [], link: false, passkey: false, password: false })
})

test('grants do not affect the administrator who signs in by link', async (t) => {
  const node = await runningNode(t, peopleSettings)
  const answer = await use(node, await codeOf(node))
  const { data } = await node.graphql('{ viewer { name role } }', {}, { cookie: cookieOf(answer) })
  t.deepEqual(data.viewer, { name: 'administrator', role: 'ADMIN' })
})

test('only administrators can see and revoke the tokens of the account machine', async (t) => {
  const node = await runningNode(t, peopleSettings)
  const { id, authorization } = await tokenOf(node, null, 'viewer')
  t.is((await node.send('/api/nodes', { headers: { authorization } })).status, 200)
  const ask = async (login: string, query: string) => node.graphql(query, {}, await sessionOf(node, await signIn(node, login)))
  for (const login of ['operator', 'viewer', 'lab-admin']) t.deepEqual((await ask(login, '{ apiTokens { id } }')).data.apiTokens, [], login)
  t.is((await ask('operator', `mutation { revokeApiToken(id: "${id}") }`)).errors[0].extensions.code, 'NOT_FOUND')
  t.like((await ask('admin', '{ apiTokens { id owner } }')).data.apiTokens, [{ id, owner: 'machine' }])
  t.is((await ask('admin', `mutation { revokeApiToken(id: "${id}") }`)).data.revokeApiToken, id)
  t.is((await node.send('/api/nodes', { headers: { authorization } })).status, 401)
})

test('only a hash of the code is stored', async (t) => {
  const node = await runningNode(t)
  const code = await codeOf(node)
  const rows = await node.services.access.audit.list({}, { limit: 100 })
  t.false(JSON.stringify([node.log, rows]).includes(code))
})
