import test from 'ava'
import { addressAsSeenFromHere, hostAsSeenFromHere } from '../../../api/cluster/transport/node-address.ts'
import type { NodeAddress } from '../../../api/cluster/members/node-registry.ts'

const address = (apiEndpoint: string, connection: NodeAddress['connection'] = 'auto'): NodeAddress => ({
  id: '00000000-0000-4000-8000-00000000000a',
  name: 'worker-1',
  apiEndpoint,
  apiKey: 'the-key-that-both-share',
  connection,
})
const way = (endpoint: string, from: string | undefined, connection?: NodeAddress['connection']) =>
  addressAsSeenFromHere(address(endpoint, connection), from).connection

test('a node on another machine with a localhost endpoint is reached only over its link', (t) => {
  for (const endpoint of ['http://localhost:8080', 'http://127.0.0.1:8080', 'http://127.8.9.1', 'http://[::1]:8080'])
    for (const from of ['192.168.1.20', '2001:db8::7', '10.0.0.1']) t.is(way(endpoint, from), 'link', `${endpoint} from ${from}`)
})

test('an endpoint that can be right is used', (t) => {
  t.is(way('http://localhost:8080', '127.0.0.1'), 'auto', 'a second node on this machine')
  t.is(way('http://localhost:8080', '::1'), 'auto')
  t.is(way('http://localhost:8080', undefined), 'auto', 'the node has not called yet')
  t.is(way('http://192.168.1.20:8080', '192.168.1.20'), 'auto')
  t.is(way('http://localhost.example.com', '10.0.0.1'), 'auto')
  t.is(way('http://localhost:8080', '10.0.0.1', 'direct'), 'direct', 'configured as direct, perhaps through a tunnel')
  t.is(way('http://localhost:8080', '10.0.0.1', 'link'), 'link')
})

test("published ports are reached at the endpoint's host, else where the node calls from", (t) => {
  t.is(hostAsSeenFromHere('http://192.168.1.20:8080', '10.0.0.1'), '192.168.1.20')
  t.is(hostAsSeenFromHere('https://worker.example.com', undefined), 'worker.example.com')
  t.is(hostAsSeenFromHere('http://[fd00::20]:8080', undefined), '[fd00::20]')
  for (const endpoint of ['http://localhost:8080', 'http://127.0.0.1:8080', 'http://[::1]:8080']) {
    t.is(hostAsSeenFromHere(endpoint, '192.168.1.20'), '192.168.1.20')
    t.is(hostAsSeenFromHere(endpoint, '::ffff:192.168.1.20'), '192.168.1.20')
    t.is(hostAsSeenFromHere(endpoint, '127.0.0.1'), 'localhost', 'it is this machine')
    t.is(hostAsSeenFromHere(endpoint, undefined), null)
  }
})
