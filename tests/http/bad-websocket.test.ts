import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import test from 'ava'
import { WebSocket } from 'ws'
import { runningNode, type RunningNode } from '../helpers/running-node.ts'
import { until } from '../helpers/until.ts'
import { closeCode, nextMessage, openGraphqlSocket, openWebSocket, subscribeMessage } from '../helpers/websocket.ts'

/** Checks that the server still works, logged no bug and kept no listener. */
async function servesOn(node: RunningNode): Promise<{ errors: unknown[]; listeners: number }> {
  await node.send('/api/health')
  return {
    errors: node.log.filter(({ level }) => level === 'error'),
    listeners: node.services.events.listenerCount('nodeRemoved'),
  }
}

test('messages outside the protocol close their own connection only', async (t) => {
  const node = await runningNode(t)
  const good = await openGraphqlSocket(node)
  t.teardown(() => good.terminate())
  for (const garbage of [
    '',
    '{',
    'null',
    '[]',
    '{}',
    '{"type":"nonsense"}',
    '{"type":"subscribe"}',
    '{"type":"subscribe","id":1,"payload":{}}',
    Buffer.alloc(100, 0xff),
  ]) {
    const socket = await openGraphqlSocket(node)
    const closed = closeCode(socket)
    socket.send(garbage)
    t.is(await closed, 4400, String(garbage))
  }
  good.send(subscribeMessage('1', '{ __typename }'))
  t.like(await nextMessage(good), { type: 'next', payload: { data: { __typename: 'Query' } } })
  t.deepEqual(await servesOn(node), { errors: [], listeners: 0 })
})

test('a message that is too large closes the connection with 1009', async (t) => {
  const node = await runningNode(t)
  const socket = await openGraphqlSocket(node)
  const closed = closeCode(socket)
  socket.send(subscribeMessage('1', `{ __typename } #${'x'.repeat(1024 * 1024)}`))
  t.is(await closed, 1009)
  t.deepEqual(await servesOn(node), { errors: [], listeners: 0 })
})

test('enforces the protocol: connection_init first and once, unique ids, the right subprotocol', async (t) => {
  const node = await runningNode(t)
  const early = await openWebSocket(node)
  early.send(subscribeMessage('1', '{ __typename }'))
  t.is(await closeCode(early), 4401, 'an operation before connection_init')

  const twice = await openGraphqlSocket(node)
  twice.send('{"type":"connection_init"}')
  t.is(await closeCode(twice), 4429)

  const sameId = await openGraphqlSocket(node)
  for (let times = 0; times < 2; times++) sameId.send(subscribeMessage('1', 'subscription { nodeRemoved }'))
  t.is(await closeCode(sameId), 4409)

  const other = new WebSocket(`${node.url.replace('http', 'ws')}/graphql`, 'another-protocol')
  const [refusal] = await once(other, 'error')
  t.regex(String(refusal), /subprotocol/)
  await until(() => node.services.events.listenerCount('nodeRemoved') === 0)
  t.deepEqual(await servesOn(node), { errors: [], listeners: 0 })
})

test('an invalid document fails only its own operation', async (t) => {
  const node = await runningNode(t)
  const socket = await openGraphqlSocket(node)
  t.teardown(() => socket.terminate())
  for (const query of [
    '',
    '{',
    '{ nothing }',
    'subscription { nodeRemoved appRemoved }',
    'mutation { removeNode }',
    '{ nodes(first: "x") { totalCount } }',
  ]) {
    socket.send(subscribeMessage('1', query))
    const message = await nextMessage(socket)
    t.is(message.type, 'error', query)
    t.notRegex(JSON.stringify(message), /node_modules|\.ts:/)
  }
  t.deepEqual(await servesOn(node), { errors: [], listeners: 0 })
})

test('bytes that are not WebSocket frames end the connection', async (t) => {
  const node = await runningNode(t)
  const { port, host } = new URL(node.url)
  const upgrade = (path: string, more = '') =>
    `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${Buffer.alloc(16).toString('base64')}\r\n${more}\r\n`

  const garbage = connect(Number(port), '127.0.0.1')
  garbage.write(upgrade('/graphql', 'sec-websocket-protocol: graphql-transport-ws\r\n'))
  await once(garbage, 'data')
  garbage.write(Buffer.alloc(4096, 0xff))
  garbage.resume()
  await once(garbage, 'close')

  const elsewhere = connect(Number(port), '127.0.0.1')
  elsewhere.write(upgrade('/api/nodes'))
  t.regex(await text(elsewhere), /^HTTP\/1\.1 404 /)

  const withoutKey = connect(Number(port), '127.0.0.1')
  withoutKey.write(upgrade('/graphql').replace(/sec-websocket-key.*\r\n/, ''))
  t.regex(await text(withoutKey), /^HTTP\/1\.1 400 /)
  t.deepEqual(await servesOn(node), { errors: [], listeners: 0 })
})

test("a node that stops closes its clients' connections with a code", async (t) => {
  const node = await runningNode(t)
  const socket = await openGraphqlSocket(node)
  socket.send(subscribeMessage('1', 'subscription { nodeRemoved }'))
  const closed = closeCode(socket)
  await node.stop()
  t.is(await closed, 1001)
})
