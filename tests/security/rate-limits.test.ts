import test, { type ExecutionContext } from 'ava'
import type { Answer } from '../helpers/http-caller.ts'
import { peopleSettings, sessionOf, signIn, tokenOf } from '../helpers/people.ts'
import { nodeHeaders, runningNode } from '../helpers/running-node.ts'

/** Asks again and again, up to `most` times; answers how many were taken before the first that was refused, and that one. */
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

test('beginning to sign in: 30 a minute from one address', async (t) => {
  const node = await runningNode(t, proxied)
  const { taken, refused } = await untilLimited(40, () => node.send('/auth/github', { headers: from('203.0.113.1') }))
  t.is(taken, 30)
  assertSaysWhen(t, refused)
  t.is((await node.send('/auth/github', { headers: from('203.0.113.2') })).status, 302, 'others go on')
})

test('bad bearer tokens and sessions: 60 a minute from one address', async (t) => {
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

test('who offers nothing is not counted', async (t) => {
  const node = await runningNode(t, proxied)
  for (let count = 0; count < 70; count += 1) t.is((await node.send('/api/nodes', { headers: from('203.0.113.1') })).status, 401)
})

test('wrong node credentials: 60 a minute from one address for one id; the node itself is not locked out elsewhere', async (t) => {
  const node = await runningNode(t, proxied)
  const id = node.id
  const wrong = () => node.send('/api/internal/settings', { headers: { ...from('203.0.113.1'), ...nodeHeaders({ id, key: 'wrong-key' }) } })
  const { taken, refused } = await untilLimited(80, wrong)
  t.is(taken, 60)
  assertSaysWhen(t, refused)
  const good = nodeHeaders(node)
  t.is((await node.send('/api/internal/settings', { headers: { ...from('203.0.113.2'), ...good } })).status, 200)
  const another = nodeHeaders({ id: '00000000-0000-4000-8000-000000000001', key: 'wrong-key' })
  t.is(
    (await node.send('/api/internal/settings', { headers: { ...from('203.0.113.1'), ...another } })).status,
    401,
    'another id is counted by itself',
  )
})

test('actions: 120 a minute for one person, however they come', async (t) => {
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
