import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import test, { type ExecutionContext } from 'ava'
import type { Answer, Call } from '../helpers/http-caller.ts'
import { assertNoInside, assertProblem, fieldsOf } from '../helpers/problem.ts'
import { routesOf } from '../helpers/routes.ts'
import { nodeHeaders, runningNode, type RunningNode } from '../helpers/running-node.ts'

const jsonType = { 'content-type': 'application/json' }
const overLimit = 4 * 1024 * 1024 + 1

/** Routes with a body, on both surfaces, and GraphQL. */
async function targets(node: RunningNode): Promise<{ method: string; path: string; headers: Record<string, string> }[]> {
  return (await routesOf(node.services))
    .filter(({ method, path }) => /^(POST|PUT)$/.test(method) && (path.startsWith('/api/') || path === '/graphql'))
    .map(({ method, path }) => ({
      method,
      path: path.replace(':id', path.endsWith('/heartbeat') ? node.id : randomUUID()),
      headers: path.startsWith('/api/internal/') ? nodeHeaders(node) : {},
    }))
}

function assertNoBug(t: ExecutionContext, node: RunningNode): void {
  t.deepEqual(
    node.log.filter(({ level }) => level === 'error'),
    [],
  )
}

test('every route answers 413 to a body that is too large, declared or not, without reading all of it', async (t) => {
  const node = await runningNode(t)
  const pieces = Array.from({ length: Math.ceil(overLimit / 65_536) }, () => Buffer.alloc(65_536, ' '))
  for (const { method, path, headers } of await targets(node)) {
    const announced = await node.send(path, { method, body: Buffer.alloc(overLimit, ' '), headers: { ...jsonType, ...headers } })
    assertProblem(t, announced, 413, { code: 'PAYLOAD_TOO_LARGE', title: 'Content too large' })
    t.is(announced.headers.connection, 'close')
    assertProblem(t, await node.send(path, { method, body: pieces, headers: { ...jsonType, ...headers } }), 413)
  }
  assertNoBug(t, node)
})

test('a body that is not JSON never reaches a route', async (t) => {
  const node = await runningNode(t)
  const bodies: Call[] = [
    ...['{', '', '{"name":}', '\u0000', '[1,2', 'undefined', '{"a":1}{"b":2}', '\ufeff{}x'].map((body) => ({ body, headers: jsonType })),
    { body: Buffer.from([0xff, 0xfe, 0x7b]), headers: jsonType },
    { body: '{', headers: { 'content-type': 'application/json; charset=utf-16' } },
    { body: '{"name":"web"}', headers: { 'content-type': 'text/plain' } },
    { body: 'name=web', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    { body: '<name/>', headers: { 'content-type': 'application/xml' } },
    { body: '{}', headers: { 'content-type': 'nonsense' } },
    { body: '{"name":"web"}' },
  ]
  const withBody = (await targets(node)).filter(({ path }) => /\/(apps|nodes|settings)$|\/graphql$/.test(path))
  t.true(withBody.length >= 5)
  for (const { method, path, headers } of withBody) {
    for (const { body, headers: more } of bodies) {
      const answer = await node.send(path, { method, ...(body === undefined ? {} : { body }), headers: { ...headers, ...more } })
      // GraphQL answers in its own format.
      const label = `${method} ${path} ${String(body)} ${JSON.stringify(more)}: ${answer.status} ${answer.text}`
      if (path === '/graphql') t.true(answer.status === 400 || answer.status === 415 || answer.json?.errors?.length > 0, label)
      else t.true((answer.status === 400 && answer.json.code === 'INVALID_INPUT') || answer.status === 415, label)
      assertNoInside(t, answer.text)
    }
  }
  assertNoBug(t, node)
})

test('JSON of the wrong shape is refused, field by field', async (t) => {
  const node = await runningNode(t)
  const post = (body: string) => node.send('/api/nodes', { method: 'POST', body, headers: jsonType })
  for (const body of ['null', '[]', '"text"', '5', 'true']) {
    const answer = await post(body)
    assertProblem(t, answer, 400, { code: 'INVALID_INPUT' })
    t.deepEqual(answer.json.fields, [{ field: 'body', message: 'must be of type object' }])
  }
  const nested = `${'{"name":'.repeat(20_000)}1${'}'.repeat(20_000)}`
  assertProblem(t, await post(nested), 400)
  const polluted = '{"__proto__":{"name":"x"},"constructor":{"prototype":{"name":"x"}}}'
  t.deepEqual(fieldsOf(await post(polluted)), ['id', 'name', 'api_endpoint', 'api_key'])
  t.is(({} as Record<string, unknown>)['name'], undefined)
  assertProblem(t, await node.send('/api/apps?node_ids=a&node_ids=b'), 400, { code: 'INVALID_INPUT' })
  assertNoBug(t, node)
})

test('malformed URLs are refused without an internal error', async (t) => {
  const node = await runningNode(t)
  const paths = [
    '/api/nodes/%',
    '/api/nodes/%ff',
    '/api/nodes/%00',
    '/%ff%00',
    '/api/nodes/..%2f..%2fetc%2fpasswd',
    '/..%2f..%2fpackage.json',
  ]
  const answers: Answer[] = []
  for (const path of [...paths, `/api/nodes/${'x'.repeat(8000)}`, '/assets/../../package.json', '/assets/%2e%2e/%2e%2e/package.json']) {
    const answer = await node.send(path)
    t.true(answer.status >= 400 && answer.status < 500, `${path}: ${answer.status}`)
    assertNoInside(t, answer.text)
    answers.push(answer)
  }
  t.false(answers.some(({ text }) => text.includes('"dependencies"')))
  t.true([400, 404, 414, 431].includes((await node.send(`/${'x'.repeat(40_000)}`)).status))
  assertNoBug(t, node)
})

test('a bug is masked over HTTP and GraphQL, and logged with the id that the caller gets', async (t) => {
  const node = await runningNode(t)
  const form = { id: randomUUID(), name: 'worker-1', api_endpoint: 'http://127.0.0.1:9', api_key: 'key-of-nobody' }
  // No input causes one, so make the database unwritable.
  const database = new DatabaseSync(node.services.config.databasePath)
  t.teardown(() => database.close())
  database.exec('alter table nodes rename to nodes_gone')

  const answer = await node.send('/api/nodes', { method: 'POST', json: form })
  assertProblem(t, answer, 500, { title: 'Internal error' })
  t.notRegex(answer.text, /sql|table|nodes_gone|insert/i)
  const { errors } = await node.graphql('mutation ($input: RegisterNodeInput!) { registerNode(input: $input) { id } }', {
    input: { id: form.id, name: form.name, apiEndpoint: form.api_endpoint, apiKey: form.api_key },
  })
  t.is(errors[0].extensions.code, 'INTERNAL')
  assertNoInside(t, JSON.stringify(errors))
  t.notRegex(JSON.stringify(errors), /sql|table|nodes_gone|insert/i)

  const logged = node.log.filter(({ level }) => level === 'error').map(({ requestId }) => requestId)
  for (const id of [answer.json.request_id, errors[0].extensions.requestId]) t.true(logged.includes(id))
  t.true(answer.json.detail.includes(answer.json.request_id))
  t.is((await node.send('/api/nodes')).json.length, 1, 'the failed write left nothing behind')
  database.exec('alter table nodes_gone rename to nodes')
  t.is((await node.send('/api/nodes', { method: 'POST', json: form })).status, 201)
})
