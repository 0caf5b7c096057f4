import test, { type ExecutionContext } from 'ava'
import { callerKey, type Caller } from '../../api/auth/caller.ts'
import { createLimits, placeOf } from '../../api/auth/rate-limits.ts'
import type { Answer } from '../helpers/http-caller.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { peopleSettings, sessionOf, signIn, tokenOf } from '../helpers/people.ts'
import { nodeHeaders, runningNode } from '../helpers/running-node.ts'

/** Sends up to `most` requests. @returns how many were accepted before the first refusal, and that refusal */
async function untilLimited(most: number, ask: () => Promise<Answer>): Promise<{ taken: number; refused: Answer }> {
  for (let taken = 0; taken < most; taken += 1) {
    const answer = await ask()
    if (answer.status === 429 || answer.text.includes('RATE_LIMITED')) return { taken, refused: answer }
  }
  throw new Error(`none of ${most} was refused`)
}

function assertSaysWhen(t: ExecutionContext, { status, headers, json }: Answer): void {
  t.is(status, 429)
  t.is(json.code, 'RATE_LIMITED')
  const seconds = Number(headers['retry-after'])
  t.true(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, String(headers['retry-after']))
}

const proxied = { ...peopleSettings, TRUSTED_PROXIES: '127.0.0.1' }
const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': address })

test('starting many sign-ins from an address blocks neither sign-in nor sign-out there', async (t) => {
  const node = await runningNode(t, proxied)
  const image = { ...from('203.0.113.1'), 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'image' }
  for (let count = 0; count < 70; count += 1) {
    t.is((await node.send('/auth/github', { headers: image })).status, 302)
    await node.send('/auth/github/callback?code=made-up&state=made-up', { headers: image })
  }
  const session = await sessionOf(node, await signIn(node, 'viewer'))
  t.is((await node.send('/auth/github', { headers: from('203.0.113.1') })).status, 302)
  t.is((await node.send('/auth/sign-out', { method: 'POST', headers: { ...from('203.0.113.1'), ...session } })).status, 204)
  t.is((await node.send('/api/nodes', { headers: session })).status, 401, 'it did end')
  t.true((await node.services.access.audit.count({ action: 'sign-in' })) <= 20, 'nor do they fill the audit log')
})

test('invalid bearer tokens and sessions: 60 a minute per address', async (t) => {
  const node = await runningNode(t, proxied)
  const guesses = ['authorization', 'cookie']
  let count = 0
  const guess = () => {
    const kind = guesses[count++ % 2] ?? ''
    const value = kind === 'cookie' ? `selfhostly_session=guess-${count}` : `Bearer guess-${count}`
    return node.send('/api/nodes', { headers: { ...from('203.0.113.1'), [kind]: value } })
  }
  const { taken, refused } = await untilLimited(80, guess)
  t.is(taken, 60)
  assertSaysWhen(t, refused)
  const { authorization } = await tokenOf(node, await signIn(node, 'viewer'), 'viewer')
  t.is((await node.send('/api/nodes', { headers: { ...from('203.0.113.2'), authorization } })).status, 200, 'others go on')
  t.is(
    (await node.send('/api/nodes', { headers: { ...from('203.0.113.1'), authorization } })).status,
    200,
    'and so does who is good, from there',
  )
  t.is(
    (await node.send('/', { headers: { ...from('203.0.113.1'), accept: 'text/html' } })).status === 429,
    false,
    'the page itself is for anybody',
  )
})

test('calls without credentials are not counted', async (t) => {
  const node = await runningNode(t, proxied)
  for (let count = 0; count < 70; count += 1) t.is((await node.send('/api/nodes', { headers: from('203.0.113.1') })).status, 401)
})

test('wrong node credentials: 60 a minute per address and id, and the right key is always accepted', async (t) => {
  const node = await runningNode(t, proxied)
  const id = node.id
  const wrong = () => node.send('/api/internal/settings', { headers: { ...from('203.0.113.1'), ...nodeHeaders({ id, key: 'wrong-key' }) } })
  const { taken, refused } = await untilLimited(80, wrong)
  t.is(taken, 60)
  assertSaysWhen(t, refused)
  const good = nodeHeaders(node)
  t.is((await node.send('/api/internal/settings', { headers: { ...from('203.0.113.2'), ...good } })).status, 200)
  t.is((await node.send('/api/internal/settings', { headers: { ...from('203.0.113.1'), ...good } })).status, 200, 'from that address too')
  assertSaysWhen(t, await wrong())
  const another = nodeHeaders({ id: '00000000-0000-4000-8000-000000000001', key: 'wrong-key' })
  t.is(
    (await node.send('/api/internal/settings', { headers: { ...from('203.0.113.1'), ...another } })).status,
    401,
    'another id is counted by itself',
  )
})

test('callers without an account have separate budgets: two behind Cloudflare Access at one address, and two tokens', async (t) => {
  const callers: Pick<Caller, 'via' | 'name' | 'userId' | 'credentialId' | 'address'>[] = [
    { via: 'edge', name: 'alice@example.com', userId: null, credentialId: null, address: '192.0.2.7' },
    { via: 'edge', name: 'bob@example.com', userId: null, credentialId: null, address: '192.0.2.7' },
    { via: 'edge', name: 'edge', userId: null, credentialId: null, address: '192.0.2.7' },
    { via: 'edge', name: 'edge', userId: null, credentialId: null, address: '192.0.2.8' },
    { via: 'token', name: 'administrator', userId: null, credentialId: 'one', address: '192.0.2.7' },
    { via: 'token', name: 'administrator', userId: null, credentialId: 'another', address: '192.0.2.7' },
  ]
  const keys = callers.map((caller) => callerKey({ role: 'admin', nodeLimit: null, expiresAt: null, ...caller }))
  t.is(new Set(keys).size, callers.length)
  const node = await runningNode(t, { AUTH_ENABLED: 'false' })
  const [one, another] = [await tokenOf(node, null, 'operator'), await tokenOf(node, null, 'operator')]
  const check = ({ authorization }: { authorization: string }) =>
    node.send(`/api/nodes/${node.id}/check`, { method: 'POST', headers: { authorization } })
  t.is((await untilLimited(140, () => check(one))).taken, 120)
  t.is((await check(another)).status, 200)
})

test('sessions and tokens: 60 changes in ten minutes per user, who can still do everything else', async (t) => {
  const node = await runningNode(t, peopleSettings)
  const viewer = await sessionOf(node, await signIn(node, 'viewer'))
  const revoke = async () => {
    const query = 'mutation { revokeApiToken(id: "none") }'
    return node.send('/graphql', { method: 'POST', json: { query }, headers: viewer })
  }
  t.is((await untilLimited(80, revoke)).taken, 60)
  t.is((await node.send('/api/nodes', { headers: viewer })).status, 200)
})

test('the number of counts for strangers is bounded, and an IPv6 network has one count', async (t) => {
  const clock = createManualClock()
  const limits = createLimits({ clock })
  for (let count = 0; count < 12_000; count += 1) await limits.take('user-credentials', `key ${count}`)
  t.is(limits.size('user-credentials'), 10_000)
  clock.advance(60_000)
  await limits.take('user-credentials', 'key')
  t.is(limits.size('user-credentials'), 1)
  t.is(placeOf('2001:db8:1:2:3:4:5:6'), placeOf('2001:db8:1:2::1'))
  t.is(placeOf('2001:0db8::1'), '2001:db8:0:0')
  t.is(placeOf('::1'), '0:0:0:0')
  t.is(placeOf('192.0.2.7'), '192.0.2.7')
})

test('a forwarding header without an address is ignored, both for budgets and in logs', async (t) => {
  const node = await runningNode(t, proxied)
  await node.send('/auth/github/callback', { headers: from(`203.0.113.9, ${'x'.repeat(5000)}`) })
  const [line] = await node.services.access.audit.list({ action: 'sign-in' }, { limit: 1 })
  t.is(line?.address, '203.0.113.9')
})

test('actions: 120 a minute per user, however they sign in', async (t) => {
  const node = await runningNode(t, peopleSettings)
  const operator = await signIn(node, 'operator')
  const session = await sessionOf(node, operator)
  const { authorization } = await tokenOf(node, operator, 'operator')
  let count = 0
  const act = () =>
    count++ % 2 === 0
      ? node.send(`/api/nodes/${node.id}/check`, { method: 'POST', headers: session })
      : node.send(`/api/nodes/${node.id}/check`, { method: 'POST', headers: { authorization } })
  const { taken, refused } = await untilLimited(140, act)
  t.is(taken, 120)
  assertSaysWhen(t, refused)
  const byGraphql = await node.graphql(`mutation { checkNode(id: "${node.id}") { ok } }`, {}, session)
  t.is(byGraphql.errors[0].extensions.code, 'RATE_LIMITED')
  t.true(byGraphql.errors[0].extensions.retryAfterSeconds >= 1)
  t.is((await node.send('/api/nodes', { headers: session })).status, 200, 'reading goes on')
  const admin = await sessionOf(node, await signIn(node, 'admin'))
  t.is((await node.send(`/api/nodes/${node.id}/check`, { method: 'POST', headers: admin })).status, 200, 'others go on')
})
