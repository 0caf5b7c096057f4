import test from 'ava'
import { runningNode } from '../helpers/running-node.ts'

test('Host can be an address or name of this machine, or a configured name, and nothing else', async (t) => {
  const node = await runningNode(t, { ALLOWED_HOSTS: 'selfhostly.home.example' })
  const status = async (host: string) => (await node.send('/api/nodes', { headers: { host } })).status
  const taken = ['localhost', 'LOCALHOST:8080', '127.0.0.1:1', '127.1.2.3', '[::1]:8080', 'selfhostly.localhost', '10.0.0.1', '[::2]']
  for (const host of [...taken, 'selfhostly.home.example:8080']) t.is(await status(host), 200, host)
  const others = ['rebound.example', 'localhost.example', '127.0.0.1.example', 'xlocalhost']
  for (const host of others) t.is(await status(host), 421, host)
})

test('pages of this server can change things, pages of other sites cannot', async (t) => {
  const node = await runningNode(t)
  const { host } = new URL(node.url)
  const change = async (headers: Record<string, string>) => (await node.send('/api/settings', { method: 'PUT', json: {}, headers })).status
  t.is(await change({ origin: 'https://other.example' }), 403)
  t.is(await change({ origin: 'null' }), 403)
  t.is(await change({ origin: `http://${host.replace(/\d+$/, '1')}` }), 403, 'another program on this machine')
  t.is(await change({ 'sec-fetch-site': 'cross-site' }), 403)
  t.is(await change({ origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }), 200)
  const form = { origin: 'https://other.example', 'content-type': 'application/x-www-form-urlencoded' }
  t.is(
    (await node.send('/graphql', { method: 'POST', body: 'query=mutation{updateSettings(input:{}){__typename}}', headers: form })).status,
    403,
  )
})

test('pages of other sites cannot read any answer', async (t) => {
  const node = await runningNode(t)
  const headers = { origin: 'https://other.example', 'sec-fetch-site': 'cross-site' }
  for (const path of ['/api/nodes', '/api/settings', '/graphql?query={__typename}', '/api/health']) {
    const answer = await node.send(path, { headers })
    t.is(answer.headers['access-control-allow-origin'], undefined, path)
    t.is(answer.headers['cross-origin-resource-policy'], 'same-origin', path)
  }
})
