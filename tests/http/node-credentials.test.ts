import { randomUUID } from 'node:crypto'
import test from 'ava'
import type { Answer } from '../helpers/http-caller.ts'
import { nodeHeaders, runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'

/** A request that every member can send to its primary. */
const settings = '/api/internal/settings'

async function member(primary: RunningNode, key = 'key-of-a-member') {
  const id = randomUUID()
  await primary.services.members.registry.register({ id, name: `node-${id.slice(0, 8)}`, apiEndpoint: 'http://127.0.0.1:9', apiKey: key })
  return { id, key }
}

/** Everything on the wire except the time of day. */
const bytesOf = ({ status, rawHeaders, text }: Answer): string => {
  const headers = rawHeaders.flatMap((name, index) =>
    index % 2 === 0 && name.toLowerCase() !== 'date' ? [`${name}: ${rawHeaders[index + 1]}`] : [],
  )
  return [status, ...headers, '', text].join('\n')
}

test('all wrong credentials get the same answer, byte for byte', async (t) => {
  const primary = await runningNode(t)
  const known = await member(primary)
  const former = await member(primary, 'key-of-a-former-one')
  await primary.send(`/api/nodes/${former.id}`, { method: 'DELETE' })
  const wrong: Record<string, Record<string, string>> = {
    none: {},
    'no key': { 'x-node-id': known.id },
    'no id': { 'x-node-api-key': known.key },
    'empty key': { 'x-node-id': known.id, 'x-node-api-key': ' ' },
    'unknown id': nodeHeaders({ id: randomUUID(), key: known.key }),
    'wrong key': nodeHeaders({ id: known.id, key: 'key-of-a-membeR' }),
    "another node's key": nodeHeaders({ id: known.id, key: primary.key }),
    'a longer key': nodeHeaders({ id: known.id, key: `${known.key}x` }),
    'removed node': nodeHeaders(former),
    'a name of the prototype': nodeHeaders({ id: '__proto__', key: known.key }),
    'credentials of both kinds': { ...nodeHeaders(known), authorization: 'Bearer token-of-a-person' },
  }
  const answers = await Promise.all(Object.values(wrong).map((headers) => primary.send(settings, { headers })))
  const [first = '', ...others] = answers.map(bytesOf)
  for (const [index, other] of others.entries()) t.is(other, first, Object.keys(wrong)[index + 1] ?? '')
  t.is(answers[0]?.status, 401)
  t.is(answers[0]?.json.title, 'Invalid API key')
  t.regex(String(answers[0]?.headers['content-type']), /^application\/problem\+json/)
  t.is((await primary.send(settings, { headers: nodeHeaders(known) })).status, 200)
})

test('the answer to wrong credentials is the same for every route, existing or not', async (t) => {
  const primary = await runningNode(t)
  const paths = [
    settings,
    '/api/internal/system/stats',
    '/api/internal/apps',
    '/api/internal/events',
    '/api/internal/nothing',
    '/api/%69nternal/apps',
  ]
  const answers = await Promise.all(
    paths.map((path) => primary.send(path, { headers: { 'x-node-id': randomUUID(), 'x-node-api-key': 'guess' } })),
  )
  for (const answer of answers) t.is(bytesOf(answer), bytesOf(answers[0] as Answer))
})

test('node ids ignore case', async (t) => {
  const primary = await runningNode(t)
  const { id, key } = await member(primary)
  t.is((await primary.send(settings, { headers: nodeHeaders({ id: id.toUpperCase(), key }) })).status, 200)
})

test('a node can only send heartbeats for itself', async (t) => {
  const primary = await runningNode(t)
  const [one, other] = [await member(primary), await member(primary, 'key-of-another')]
  const beat = (id: string, as: { id: string; key: string }) =>
    primary.send(`/api/internal/nodes/${id}/heartbeat`, { method: 'POST', headers: nodeHeaders(as) })

  t.is((await beat(other.id, one)).status, 403)
  t.is((await beat(primary.id, one)).status, 403)
  t.is((await beat(randomUUID(), one)).status, 403)
  t.is(primary.services.members.registry.get(other.id).health.status, 'offline')

  const accepted = await beat(one.id, one)
  t.is(accepted.status, 200)
  t.like(accepted.json, { message: 'Heartbeat received', nodeID: one.id })
  const { json } = await primary.send(`/api/nodes/${one.id}`)
  t.like(json, { status: 'online', consecutive_failures: 0 })
  t.truthy(json.last_seen)
  t.is(json.last_health_check, json.last_seen)
})

test("a node cannot use its primary's apps, operations, events or stats, and nothing is done", async (t) => {
  const primary = await runningNode(t)
  const headers = nodeHeaders(await member(primary))
  const create = { name: 'web', compose_content: 'services: {web: {image: selfhostly-test/web:1}}' }
  const answers = await Promise.all([
    primary.send('/api/internal/apps', { headers }),
    primary.send('/api/internal/apps', { method: 'POST', json: create, headers }),
    primary.send('/api/internal/events', { headers }),
    primary.send('/api/internal/system/stats', { headers }),
    primary.send(`/api/internal/operations/${randomUUID()}/cancel`, { method: 'POST', headers }),
  ])
  for (const { status, json } of answers) {
    t.is(status, 403)
    t.like(json, { title: 'Forbidden', status: 403, code: 'FORBIDDEN' })
  }
  t.deepEqual((await primary.send('/api/apps')).json, [])
})

test('a node with valid credentials gets 404 for a missing route', async (t) => {
  const secondary = await runningSecondary(t)
  const headers = nodeHeaders({ id: randomUUID(), key: secondary.key })
  const { status, json } = await secondary.send(`/api/internal/nodes/${randomUUID()}/heartbeat`, { method: 'POST', headers })
  t.is(status, 404)
  t.like(json, { title: 'Not found', status: 404 })
})

test('a secondary shows the primary it last accepted, and no refused caller', async (t) => {
  const secondary = await runningSecondary(t)
  const accepted = async () => (await secondary.graphql('{ server { acceptedPrimary { id at } } }')).data.server.acceptedPrimary
  await secondary.send('/api/internal/system/stats', { headers: nodeHeaders({ id: randomUUID(), key: 'wrong-key' }) })
  t.is(await accepted(), null)
  const id = randomUUID()
  t.is((await secondary.send('/api/internal/system/stats', { headers: nodeHeaders({ id, key: secondary.key }) })).status, 200)
  t.is((await accepted()).id, id)
})

test('settings with secrets go only to authenticated nodes and are never cached', async (t) => {
  const primary = await runningNode(t, { CLOUDFLARE_API_TOKEN: 'token-of-the-cluster-1234' })
  const answer = await primary.send('/api/internal/settings', { headers: nodeHeaders(await member(primary)) })
  t.is(answer.json.cloudflare_api_token, 'token-of-the-cluster-1234')
  t.is(answer.headers['cache-control'], 'no-store')
})
