import test from 'ava'
import { answersById } from '../../../api/cluster/transport/answers-by-id.ts'
import { seenEndpoint } from '../../../api/cluster/joining/seen-endpoint.ts'
import { peer } from '../../helpers/peer.ts'
import { runningNode } from '../../helpers/running-node.ts'

const id = '00000000-0000-4000-8000-00000000000a'
const newcomer = { id, apiEndpoint: 'http://localhost:8080', address: '192.168.1.21', isElsewhere: true }
const always = () => Promise.resolve(true)

test('a node that did not say where it is gets the address that it called from, with its own port', async (t) => {
  t.is(await seenEndpoint(newcomer, always), 'http://192.168.1.21:8080')
  t.is(await seenEndpoint({ ...newcomer, apiEndpoint: 'http://127.0.0.1:9000', address: 'fd00::21' }, always), 'http://[fd00::21]:9000')
})

test('its own endpoint stays if it is set, if the node is on this machine, or if something else answers there', async (t) => {
  t.is(await seenEndpoint({ ...newcomer, apiEndpoint: 'http://worker.example.com' }, always), null)
  t.is(await seenEndpoint({ ...newcomer, isElsewhere: false }, always), null)
  t.is(await seenEndpoint({ ...newcomer, address: '127.0.0.1' }, always), null, 'a proxy on this machine')
  t.is(await seenEndpoint({ ...newcomer, address: '169.254.169.254' }, always), null, 'no node can have this address')
  t.is(await seenEndpoint(newcomer, () => Promise.resolve(false)), null)
})

test('a server confirms its id, and tells it to nobody', async (t) => {
  const node = await runningNode(t)
  const answeredId = async (headers: Record<string, string>) =>
    (await fetch(`${node.url}/api/health`, { headers })).headers.get('x-node-id')
  t.is(await answeredId({ 'x-node-id': node.services.self.id }), node.services.self.id)
  t.is(await answeredId({ 'x-node-id': id }), null)
  t.is(await answeredId({}), null)
})

test('what answers at the address is asked without a key, and must confirm the id', async (t) => {
  let confirmed: string = id
  const server = await peer(t, (_request, response) => response.writeHead(200, { 'x-node-id': confirmed }).end('{}'))
  t.true(await answersById(server.url, id))
  t.like(server.requests, [{ url: '/api/health', headers: { 'x-node-id': id } }])
  t.is(server.requests[0]?.headers['x-node-api-key'], undefined)
  confirmed = 'another'
  t.false(await answersById(server.url, id))
  await server.close()
  t.false(await answersById(server.url, id))
})
