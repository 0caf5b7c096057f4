import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { createNodeClient, type NodeRequest } from '../../../api/cluster/transport/node-client.ts'
import { NodeCallError } from '../../../api/cluster/transport/node-call-error.ts'
import type { NodeAddress } from '../../../api/cluster/members/node-registry.ts'
import { freePort } from '../../helpers/free-port.ts'
import { json, peer, peerId, sharedKey, type Peer } from '../../helpers/peer.ts'
import { until } from '../../helpers/until.ts'

const selfId = '00000000-0000-4000-8000-000000000001'
const stats: NodeRequest = { path: '/api/internal/system/stats' }

function clientOf(t: ExecutionContext<unknown>) {
  const client = createNodeClient({ selfId })
  t.teardown(client.close)
  return client
}

async function failure(t: ExecutionContext<unknown>, address: NodeAddress, request: NodeRequest = stats): Promise<NodeCallError> {
  const error = await t.throwsAsync(clientOf(t).request(address, request))
  if (!(error instanceof NodeCallError)) throw new Error(`not a NodeCallError: ${String(error)}`)
  return error
}

const unreachable = async (t: ExecutionContext<unknown>, address: NodeAddress, why: RegExp, request?: NodeRequest): Promise<void> => {
  const error = await failure(t, address, request)
  t.is(error.code, 'NODE_UNREACHABLE')
  t.is(error.message, `worker-1: ${error.why}`)
  t.regex(error.why, why)
  t.notRegex(error.message, new RegExp(sharedKey), 'the message never contains the key')
}

const at = (apiEndpoint: string): NodeAddress => ({ id: peerId, name: 'worker-1', apiEndpoint, apiKey: sharedKey })

test("every call names the caller and carries the shared key, and returns the answer's JSON", async (t) => {
  const node = await peer(t, (request, response) => json(response, { was: request.url }))
  const client = clientOf(t)
  t.deepEqual(await client.request(node.address, stats), { was: '/api/internal/system/stats' })
  await client.request(node.address, { method: 'POST', path: '/api/internal/apps', body: { name: 'web' } })
  await client.request({ ...node.address, apiEndpoint: `${node.url}/behind/a/path` }, { method: 'DELETE', path: '/api/internal/apps/1' })
  for (const { headers } of node.requests) {
    t.is(headers['x-node-id'], selfId)
    t.is(headers['x-node-api-key'], sharedKey)
  }
  t.deepEqual(
    node.requests.map(({ method, url, body }) => [method, url, body]),
    [
      ['GET', '/api/internal/system/stats', ''],
      ['POST', '/api/internal/apps', '{"name":"web"}'],
      ['DELETE', '/behind/a/path/api/internal/apps/1', ''],
    ],
  )
  t.is(node.requests[1]?.headers['content-type'], 'application/json')
})

test('consecutive calls reuse connections', async (t) => {
  const node = await peer(t, (_request, response) => json(response, {}))
  const client = clientOf(t)
  for (let i = 0; i < 20; i++) await client.request(node.address, stats)
  t.true(node.sockets.length <= 2, `${node.sockets.length} connections`)
})

test('a call to a silent node fails at its deadline', async (t) => {
  const node = await peer(t, () => undefined)
  await unreachable(t, node.address, /^did not answer within 0\.2 s$/, { ...stats, deadlineMs: 200 })
})

test('an endless body fails at the deadline too', async (t) => {
  const node = await peer(t, (_request, response) => response.writeHead(200, { 'content-type': 'application/json' }).write('{"slow":'))
  await unreachable(t, node.address, /^did not answer within 0\.2 s$/, { ...stats, deadlineMs: 200 })
})

test('nothing listens at the endpoint', async (t) => {
  const port = await freePort()
  await unreachable(
    t,
    at(`http://127.0.0.1:${port}`),
    new RegExp(`^connection refused at 127\\.0\\.0\\.1:${port}: nothing is listening there, .*Check the endpoint and its port$`),
  )
})

test('the host name is unknown', async (t) => {
  await unreachable(t, at('http://no-such-node.invalid:8080'), /^the host name no-such-node\.invalid was not found in DNS$/)
})

test('https:// to a port that speaks plain HTTP', async (t) => {
  const node = await peer(t, (_request, response) => json(response, {}))
  await unreachable(
    t,
    at(node.url.replace('http:', 'https:')),
    /does not speak TLS\. Should the URL start with http:\/\/ instead of https:\/\/\?$/,
  )
})

test('an answer that is not HTTP', async (t) => {
  const server = createServer((socket) => socket.on('error', () => undefined).end('SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n'))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.teardown(() => server.close())
  await unreachable(
    t,
    at(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    /does not speak HTTP\. Is another service at this endpoint/,
  )
})

test('wrong credentials', async (t) => {
  const node = await peer(t, (_request, response) => json(response, { title: 'Invalid API key', status: 401 }, 401))
  await unreachable(
    t,
    node.address,
    /^refused the credentials \(401 Invalid API key\): the server that answered does not know the node's id, or has a different key for it$/,
  )
})

test('an error code of a newer version is read by its status and keeps its message', async (t) => {
  const node = await peer(t, (_request, response) => json(response, { title: 'No', detail: 'the moon is wrong', code: 'MOON_PHASE' }, 409))
  const error = await t.throwsAsync(clientOf(t).request(node.address, stats))
  t.like(error, { code: 'CONFLICT', message: 'the moon is wrong' })
})

test('does not follow redirects, which would send the key elsewhere', async (t) => {
  const elsewhere = await peer(t, (_request, response) => json(response, {}))
  const node = await peer(t, (_request, response) => response.writeHead(302, { location: elsewhere.url }).end())
  await unreachable(t, node.address, /^answered 302 with a redirect/)
  t.is(elsewhere.requests.length, 0)
})

test('a web page instead of JSON', async (t) => {
  const page = '<!doctype html><title>Router login</title>'
  const ok = await peer(t, (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end(page))
  await unreachable(t, ok.address, /^sent an answer that is not JSON$/)
  const notFound = await peer(t, (_request, response) => response.writeHead(404, { 'content-type': 'text/html' }).end(page))
  await unreachable(
    t,
    notFound.address,
    /^answered 404, which is not an answer from Selfhostly\. Is another server or a proxy at its endpoint\?$/,
  )
})

test('an endless answer is cut off at 2 MiB', async (t) => {
  let sent = 0
  const node = await peer(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const chunk = Buffer.alloc(256 * 1024, 'a')
    Readable.from(
      (function* () {
        yield '"'
        for (; sent < 512 * 1024 * 1024; sent += chunk.length) yield chunk
      })(),
    )
      .on('error', () => undefined)
      .pipe(response)
      .on('error', () => undefined)
  })
  await unreachable(t, node.address, /^sent an answer that is too large$/)
  t.true(sent < 16 * 1024 * 1024, `${sent} bytes were read`)
})

test("a node's refusal keeps its code and its fields, with camelCase names", async (t) => {
  const fields = [{ field: 'compose_content', message: 'line 1: the file is empty' }]
  const node = await peer(t, (_request, response) =>
    json(response, { title: 'Invalid input', status: 400, detail: 'The Compose file is empty', code: 'INVALID_INPUT', fields }, 400),
  )
  const error = await failure(t, node.address)
  t.like(error, { code: 'INVALID_INPUT', message: 'The Compose file is empty', answered: true })
  t.deepEqual(error.fields, [{ field: 'composeContent', message: 'line 1: the file is empty' }])
})

test('a refusal that only lists its fields lists them with camelCase names', async (t) => {
  const fields = [{ field: 'window_minutes', message: 'is too short' }]
  const node = await peer(t, (_request, response) =>
    json(response, { title: 'Invalid input', status: 400, detail: 'window_minutes: is too short', code: 'INVALID_INPUT', fields }, 400),
  )
  t.is((await failure(t, node.address)).message, 'windowMinutes: is too short')
})

for (const [code, status] of [
  ['UNAUTHENTICATED', 401],
  ['UNAUTHENTICATED', 409],
  ['MISDIRECTED', 421],
  ['RATE_LIMITED', 429],
] as const) {
  test(`a refusal that concerns the calling node is not passed on to the person: ${code} with ${status}`, async (t) => {
    const node = await peer(t, (_request, response) => json(response, { title: 'No', status, detail: 'not you', code }, status))
    const error = await failure(t, node.address)
    t.like(error, { code: 'NODE_UNREACHABLE', answered: true, httpStatus: status })
    t.regex(error.message, /refused the (credentials|call)/)
  })
}

test('ignores a code that is not on the list', async (t) => {
  const node = await peer(t, (_request, response) => json(response, { title: 'Teapot', code: 'TEAPOT', detail: 'short and stout' }, 418))
  await unreachable(t, node.address, /^answered 418 Teapot, which is not an answer from Selfhostly/)
})

/** Calls a peer `count` times at once. Then the peer cuts those connections on their next use, like a server that has just closed idle ones. */
async function forgetful(t: ExecutionContext<unknown>, client: ReturnType<typeof clientOf>, count = 1): Promise<Peer> {
  const kept = new Set<Socket>()
  const held: ServerResponse[] = []
  const node = await peer(t, (_request, response) => {
    const { socket } = response
    if (node.requests.length > count) return socket && kept.has(socket) ? void socket.destroy() : json(response, {})
    if (socket) kept.add(socket)
    held.push(response)
    if (held.length === count) for (const each of held) json(each, {})
  })
  await Promise.all(Array.from({ length: count }, () => client.request(node.address, stats)))
  // The client returns a connection to the pool a moment after it has read the answer.
  for (let turn = 0; turn < 5; turn++) await nextTurn()
  return node
}

test('after a dead kept-alive connection, a call that changes nothing is repeated on a fresh one', async (t) => {
  const client = clientOf(t)
  const node = await forgetful(t, client)
  t.deepEqual(await client.request(node.address, stats), {})
  t.is(node.requests.length, 3)
  t.is(node.sockets.length, 2)
})

test('eight kept-alive connections that die at once lose no answer', async (t) => {
  const client = clientOf(t)
  const node = await forgetful(t, client, 8)
  t.is(node.sockets.length, 8)
  const answers = await Promise.all(Array.from({ length: 8 }, () => client.request(node.address, stats)))
  t.deepEqual(answers, Array(8).fill({}))
  t.is(node.requests.length, 24)
  t.true(node.sockets.length <= 16, `${node.sockets.length} connections`)
})

test('never repeats a call that changes something', async (t) => {
  for (const method of ['POST', 'PUT', 'DELETE'] as const) {
    const client = clientOf(t)
    const node = await forgetful(t, client)
    const error = await t.throwsAsync(client.request(node.address, { method, path: '/api/internal/apps', body: {} }))
    t.regex(error?.message ?? '', /the connection to 127\.0\.0\.1:\d+ was cut$/)
    t.deepEqual(
      node.requests.map((request) => request.method),
      ['GET', method],
    )
  }
})

test('tries a node that cuts every connection only twice', async (t) => {
  const node = await peer(t, (_request, response) => response.destroy())
  await unreachable(t, node.address, /^the connection to 127\.0\.0\.1:\d+ was cut$/)
  t.is(node.requests.length, 2)
})

test('at most 64 calls wait for one node, on 8 connections; other nodes are not affected', async (t) => {
  const held: (() => void)[] = []
  const hung = await peer(t, (_request, response) => void held.push(() => json(response, {})))
  const well = await peer(t, (_request, response) => json(response, {}))
  const client = clientOf(t)
  const calls = Array.from({ length: 64 }, () => client.request(hung.address, stats))
  await t.throwsAsync(client.request(hung.address, stats), { message: 'worker-1: 64 calls to it are already waiting for an answer' })
  t.deepEqual(await client.request({ ...well.address, id: selfId }, stats), {})

  await until(() => held.length === 8)
  for (let answered = 0; answered < 64;) {
    answered += held.splice(0).map((answer) => answer()).length
    await nextTurn()
  }
  await Promise.all(calls)
  t.is(hung.sockets.length, 8)
  const again = client.request(hung.address, stats)
  await until(() => held.length === 1)
  held[0]?.()
  t.deepEqual(await again, {})
})

test('a caller that leaves ends its call', async (t) => {
  const node = await peer(t, () => undefined)
  const leaving = new AbortController()
  const call = clientOf(t).request(node.address, { ...stats, signal: leaving.signal })
  await until(() => node.requests.length === 1)
  leaving.abort(new Error('the viewer has left'))
  await t.throwsAsync(call, { message: /the viewer has left/ })
})

test('calls a moved node at its new endpoint', async (t) => {
  const before = await peer(t, (_request, response) => json(response, 'before'))
  const after = await peer(t, (_request, response) => json(response, 'after'))
  const client = clientOf(t)
  t.is(await client.request(before.address, stats), 'before')
  t.is(await client.request(after.address, stats), 'after')
  t.is(before.requests.length, 1)
})

test('forgetting a node closes its connections', async (t) => {
  const node = await peer(t, (_request, response) => json(response, {}))
  const client = clientOf(t)
  await client.request(node.address, stats)
  client.forget(node.address.id)
  await until(() => node.sockets.every((socket) => socket.destroyed))
  t.pass()
})
