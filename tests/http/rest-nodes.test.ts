import { randomUUID } from 'node:crypto'
import test from 'ava'
import { assertProblem, fieldsOf } from '../helpers/problem.ts'
import { runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

const registration = (of: { id: string; url: string; key: string }, name = 'worker-1') => ({
  id: of.id,
  name,
  api_endpoint: of.url,
  api_key: of.key,
})

const register = (primary: RunningNode, json: unknown) => primary.send('/api/nodes', { method: 'POST', json })

/** A URL where nothing listens. */
const nobody = () => ({ id: randomUUID(), url: 'http://127.0.0.1:9', key: 'key-of-nobody' })

test('health needs no credentials', async (t) => {
  const { status, json, headers } = await (await runningNode(t)).send('/api/health')
  t.is(status, 200)
  t.deepEqual(json, { status: 'healthy', service: 'selfhostly' })
  t.regex(String(headers['content-type']), /^application\/json/)
})

test('a node is registered, listed, checked, changed and removed', async (t) => {
  const primary = await runningNode(t)
  const secondary = await runningSecondary(t, primary)

  const registered = await register(primary, registration(secondary))
  t.is(registered.status, 201)
  t.like(registered.json, { id: secondary.id, name: 'worker-1', api_endpoint: secondary.url, is_primary: false, status: 'online' })
  t.like(registered.json, { status_reason: null, consecutive_failures: 0 })
  t.is(registered.json.host, 'localhost', 'its endpoint is on this machine')
  for (const member of ['status_since', 'last_seen', 'last_health_check', 'next_check_at', 'created_at', 'updated_at']) {
    t.regex(registered.json[member], isoTime, member)
  }
  t.false(registered.text.includes(secondary.key), 'keys are never shown')

  const list = await primary.send('/api/nodes')
  t.is(list.status, 200)
  t.deepEqual(
    list.json.map(({ id }: { id: string }) => id),
    [primary.id, secondary.id],
  )
  t.like(list.json[0], { is_primary: true, status: 'online' })

  t.like((await primary.send(`/api/nodes/${secondary.id}`)).json, { id: secondary.id, name: 'worker-1' })

  const checked = await primary.send(`/api/nodes/${secondary.id}/check`, { method: 'POST' })
  t.is(checked.status, 200)
  t.is(checked.json.message, 'Health check completed successfully')
  t.false('error' in checked.json)
  t.like(checked.json.node, { id: secondary.id, name: 'worker-1', status: 'online' })
  t.regex(checked.json.node.last_seen, isoTime)

  const renamed = await primary.send(`/api/nodes/${secondary.id}`, { method: 'PUT', json: { name: 'worker-2' } })
  t.is(renamed.status, 200)
  t.like(renamed.json, { name: 'worker-2', api_endpoint: secondary.url, status: 'online' })

  const removed = await primary.send(`/api/nodes/${secondary.id}`, { method: 'DELETE' })
  t.is(removed.status, 204)
  t.is(removed.text, '')
  assertProblem(t, await primary.send(`/api/nodes/${secondary.id}`), 404, { code: 'NOT_FOUND' })
  t.is((await primary.send('/api/nodes')).json.length, 1)
})

test('a node that does not answer is registered offline; checks say why and count', async (t) => {
  const primary = await runningNode(t)
  const away = nobody()
  const registered = await register(primary, registration(away))
  t.is(registered.status, 201)
  t.like(registered.json, { status: 'offline', last_seen: null, consecutive_failures: 1 })
  t.regex(registered.json.status_reason, /\S/)

  const { status, json } = await primary.send(`/api/nodes/${away.id}/check`, { method: 'POST' })
  t.is(status, 200)
  t.is(json.message, 'Health check failed')
  t.regex(json.error, /\S/)
  t.like(json.node, { id: away.id, status: 'offline', last_seen: null })
  t.true(json.node.consecutive_failures >= 2)
})

test('a check explains a wrong key', async (t) => {
  const primary = await runningNode(t)
  const secondary = await runningSecondary(t)
  await register(primary, { ...registration(secondary), api_key: 'another-key' })
  const { json } = await primary.send(`/api/nodes/${secondary.id}/check`, { method: 'POST' })
  t.is(json.message, 'Health check failed')
  t.regex(json.error, /credentials.*401.*Invalid API key/)
})

test('a new key is checked at once', async (t) => {
  const primary = await runningNode(t)
  const secondary = await runningSecondary(t)
  t.is((await register(primary, { ...registration(secondary), api_key: 'another-key' })).json.status, 'offline')
  const { status, json } = await primary.send(`/api/nodes/${secondary.id}`, { method: 'PUT', json: { api_key: secondary.key } })
  t.is(status, 200)
  t.like(json, { status: 'online', consecutive_failures: 0 })
})

test('a check of the primary itself passes without a request', async (t) => {
  const primary = await runningNode(t, { NODE_API_ENDPOINT: 'http://127.0.0.1:9' })
  const { json } = await primary.send(`/api/nodes/${primary.id}/check`, { method: 'POST' })
  t.like(json, { message: 'Health check completed successfully', node: { status: 'online' } })
})

test('each invalid field of a registration has its own entry', async (t) => {
  const primary = await runningNode(t)
  const all = ['id', 'name', 'api_endpoint', 'api_key']
  const empty = await register(primary, { id: '', name: ' ', api_endpoint: '', api_key: '' })
  assertProblem(t, empty, 400, { code: 'INVALID_INPUT', title: 'Bad request' })
  t.deepEqual(fieldsOf(empty), all)

  const missing = await register(primary, {})
  assertProblem(t, missing, 400, { code: 'INVALID_INPUT' })
  t.deepEqual(fieldsOf(missing), all)
  t.regex(missing.json.fields[0].message, /^is required\. On the node, `npm run identity` or `selfhostly identity` prints its ID/)
  const mixed = await primary.send('/api/nodes', { method: 'POST', json: { name: 'w', api_endpoint: 'ftp://x' } })
  t.deepEqual(fieldsOf(mixed), ['id', 'api_endpoint', 'api_key'])

  const ofWrongType = await register(primary, { id: 1, name: null, api_endpoint: {}, api_key: [] })
  assertProblem(t, ofWrongType, 400)
  t.deepEqual(ofWrongType.json.fields[0], { field: 'id', message: 'must be of type string' })

  const wrong = { id: 'not-a-uuid', name: 'x'.repeat(101), api_endpoint: 'ftp://example.com', api_key: 'short' }
  t.deepEqual(fieldsOf(await register(primary, wrong)), all)
  for (const endpoint of [
    'example.com:8080',
    'http://',
    'http://user:pass@example.com',
    'http://example.com/?a=b',
    'javascript:alert(1)',
    'file:///etc/passwd',
  ]) {
    t.deepEqual(fieldsOf(await register(primary, { ...registration(nobody()), api_endpoint: endpoint })), ['api_endpoint'], endpoint)
  }
  t.is((await primary.send('/api/nodes')).json.length, 1, 'nothing was registered')
})

test('a taken id or name is a conflict, and changes nothing', async (t) => {
  const primary = await runningNode(t)
  const first = nobody()
  await register(primary, registration(first))

  const conflicts = [
    { json: registration({ ...nobody(), id: first.id }, 'other'), field: 'id' },
    { json: registration({ ...nobody(), id: first.id.toUpperCase() }, 'other'), field: 'id' },
    { json: registration(nobody(), 'worker-1'), field: 'name' },
    { json: registration({ ...nobody(), id: primary.id }, 'other'), field: 'id' },
    { json: registration(nobody(), primary.services.self.name), field: 'name' },
  ]
  for (const { json, field } of conflicts) {
    const answer = await register(primary, json)
    assertProblem(t, answer, 409, { code: 'CONFLICT', title: 'Conflict' })
    t.deepEqual(fieldsOf(answer), [field])
  }
  const second = nobody()
  await register(primary, registration(second, 'worker-2'))
  const renamed = await primary.send(`/api/nodes/${second.id}`, { method: 'PUT', json: { name: 'worker-1' } })
  assertProblem(t, renamed, 409, { code: 'CONFLICT' })
  t.deepEqual((await primary.send('/api/nodes')).json.map(({ name }: { name: string }) => name).slice(1), ['worker-1', 'worker-2'])
})

test('of two simultaneous registrations of one id, one succeeds', async (t) => {
  const primary = await runningNode(t)
  const one = nobody()
  const answers = await Promise.all(['a', 'b', 'c'].map((name) => register(primary, registration(one, name))))
  t.deepEqual(answers.map(({ status }) => status).toSorted(), [201, 409, 409])
})

test('a node cannot change or remove itself', async (t) => {
  const primary = await runningNode(t)
  assertProblem(t, await primary.send(`/api/nodes/${primary.id}`, { method: 'DELETE' }), 403, { code: 'FORBIDDEN' })
  assertProblem(t, await primary.send(`/api/nodes/${primary.id}`, { method: 'PUT', json: { name: 'x' } }), 403, { code: 'FORBIDDEN' })
})

test('unknown nodes are not found', async (t) => {
  const primary = await runningNode(t)
  const path = `/api/nodes/${randomUUID()}`
  const calls = [
    ['GET', path],
    ['PUT', path],
    ['DELETE', path],
    ['POST', `${path}/check`],
  ] as const
  for (const [method, to] of calls) {
    assertProblem(t, await primary.send(to, { method, ...(method === 'PUT' ? { json: { name: 'x' } } : {}) }), 404, {
      code: 'NOT_FOUND',
      title: 'Not found',
    })
  }
})

test('a secondary knows only itself', async (t) => {
  const secondary = await runningSecondary(t)
  t.deepEqual(
    (await secondary.send('/api/nodes')).json.map(({ id }: { id: string }) => id),
    [secondary.id],
  )
  assertProblem(t, await register(secondary, registration(nobody())), 403, { code: 'FORBIDDEN' })
  assertProblem(t, await secondary.send('/api/settings', { method: 'PUT', json: { cloudflare_account_id: 'x' } }), 403, {
    code: 'FORBIDDEN',
  })
  t.is((await secondary.send('/api/nodes')).json.length, 1)
})
