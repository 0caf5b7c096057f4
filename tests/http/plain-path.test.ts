import { once } from 'node:events'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import test from 'ava'
import { isPlainPath } from '../../api/http/plain-path.ts'
import { nodeHeaders, runningNode, type RunningNode } from '../helpers/running-node.ts'

const plain = [
  '/',
  '/nodes',
  '/nodes/',
  '/api/nodes/ca11ab1e?x=../..',
  '/assets/index-B_1.js',
  '/a.b/..c/...',
  '/%C3%A4',
  '/graphql?query={a//b}',
]
const odd = [
  '//',
  '/api//nodes',
  '//api/internal/x',
  '/api/nodes//../internal/x',
  '/.',
  '/a/..',
  '/a/./b',
  '/a/%2e%2E/b',
  '/a/.%2e',
  '/a%2fb',
  '/a%5cb',
  '/a\\b',
  '/a%00',
  '',
  '*',
  'http://host/x',
  'x',
]

test('a path is plain if every program reads it the same way', (t) => {
  for (const path of plain) t.true(isPlainPath(path), path)
  for (const path of odd) t.false(isPlainPath(path), path)
  t.false(isPlainPath(undefined))
})

/** Sends a request exactly as written. Client libraries would normalize the path. */
async function raw(node: RunningNode, head: string[]): Promise<string> {
  const socket = connect(Number(new URL(node.url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.end([...head, 'Host: localhost', 'Connection: close', '', ''].join('\r\n'))
  return (await text(socket)).split('\r\n')[0] ?? ''
}

test('a path that is not plain is refused for every caller and transport', async (t) => {
  const node = await runningNode(t)
  const credentials = Object.entries(nodeHeaders(node)).map(([name, value]) => `${name}: ${value}`)
  const upgrade = ['Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==']
  for (const path of ['/api/nodes//../internal/settings', '/api/nodes/%2e%2e/internal/settings', '/api/internal/../nodes', '//graphql']) {
    t.regex(await raw(node, [`GET ${path} HTTP/1.1`]), / 400 /, path)
    t.regex(await raw(node, [`GET ${path} HTTP/1.1`, ...credentials]), / 400 /, `${path} as a node`)
    t.regex(await raw(node, [`GET ${path} HTTP/1.1`, ...upgrade.slice(1)]), / 400 /, `${path} as a WebSocket`)
  }
  t.regex(await raw(node, ['GET /api/internal/settings HTTP/1.1', ...credentials]), / 200 /)
})
