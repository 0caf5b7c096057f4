import test from 'ava'
import { followNodes } from '../helpers/cluster.ts'
import { ask } from '../helpers/graphql.ts'
import { attemptsOf, followAttempts, makeToken, newcomer, tokensOf } from '../helpers/join.ts'
import { startNetwork } from '../helpers/network.ts'
import { nodeProcess } from '../helpers/node-process.ts'
import { peer } from '../helpers/peer.ts'

/** From when the node serves until a browser sees it. */
const appearsWithinMs = 2000

test('a new node with a token appears at once, and restarting it does not use the token again', async (t) => {
  const primary = await nodeProcess(t, { NODE_NAME: 'main' })
  await primary.start()
  const { secret, token } = await makeToken(primary, { namePattern: 'web-{n}', maxUses: 2, labels: [{ key: 'env', value: 'lab' }] })
  const nodes = followNodes(t, primary)
  const attempts = followAttempts(t, primary)
  await nodes.first(({ name }) => name === 'main')

  const worker = await newcomer(t, primary.url, secret, 'some-host')
  await worker.start()
  const began = performance.now()
  const seen = await nodes.first(({ name, status }) => name === 'web-1' && status === 'ONLINE', { withinMs: appearsWithinMs })
  t.log(`online ${Math.round(performance.now() - began)} ms after it served`)
  t.is(seen.id, (await worker.identity()).id)
  const joined = await worker.logged('joined primary')
  t.like(joined, { name: 'web-1', primary: 'main' })
  t.like(await attempts.first(({ ok }) => ok), {
    tokenName: 'lab',
    hostname: 'some-host',
    nodeId: seen.id,
    hop: null,
    message: 'Joined as web-1.',
  })
  t.like(await tokensOf(primary), [{ id: token.id, uses: 1, state: 'OPEN' }])
  const ownNames = '{ server { name } nodes { nodes { name } } }'
  t.deepEqual(await ask(worker, ownNames), { server: { name: 'web-1' }, nodes: { nodes: [{ name: 'web-1' }] } })

  await worker.stop()
  const from = worker.log.values.length
  await worker.start()
  await worker.logged('startup heartbeat sent successfully to primary', { from })
  t.false(
    worker.log.values.slice(from).some(({ msg }) => msg === 'joining primary'),
    'the primary knows it',
  )
  t.like(await worker.logged('node identity', { from }), { name: 'web-1' })
  t.deepEqual(await ask(worker, ownNames), { server: { name: 'web-1' }, nodes: { nodes: [{ name: 'web-1' }] } })
  t.like(await tokensOf(primary), [{ uses: 1 }])
  t.false(
    [...primary.printed, ...worker.printed].some((line) => line.includes(secret.slice(-20))),
    'the token is in no log',
  )
})

test('obstacles to a join are shown on the new node, and later on the primary', async (t) => {
  const primary = await nodeProcess(t, { NODE_NAME: 'main' })
  await primary.start()
  const { secret } = await makeToken(primary)
  await primary.stop()

  const worker = await newcomer(t, primary.url, secret, 'some-host')
  await worker.start()
  const alone = await worker.log.first(({ msg, hop }) => msg === 'join failed' && hop === 'tcp')
  t.regex(String(alone['reason']), /^connection refused at 127\.0\.0\.1/)
  const proxy = await peer(t, (_request, response) => response.writeHead(502, { server: 'nginx', 'retry-after': '1' }).end(), primary.port)
  const atProxy = await worker.log.first(({ msg, hop }) => msg === 'join failed' && hop === 'http')
  t.regex(String(atProxy['reason']), /^answered 502 \(nginx/)
  await proxy.close()

  await primary.start()
  const nodes = followNodes(t, primary)
  await nodes.first(({ name, status }) => name === 'some-host' && status === 'ONLINE', { withinMs: 40_000 })
  const attempts = await attemptsOf(primary)
  t.like(attempts[0], { ok: true, tokenName: 'lab' })
  const told = attempts.slice(1).map(({ hop, message }) => `${hop} ${message}`)
  t.true(
    told.some((line) => /^TCP connection refused at/.test(line)),
    told.join(),
  )
  t.true(
    told.some((line) => /^HTTP answered 502 \(nginx/.test(line)),
    told.join(),
  )
})

test('a wrong token or host name is reported on both sides, and the node keeps running', async (t) => {
  const primary = await nodeProcess(t, { NODE_NAME: 'main' })
  await primary.start()
  const { secret, token } = await makeToken(primary)
  await ask(primary, 'mutation ($id: ID!) { revokeJoinToken(id: $id) }', { id: token.id })
  const attempts = followAttempts(t, primary)
  const [late, lost] = [await newcomer(t, primary.url, secret, 'late'), await newcomer(t, 'http://primary.invalid:8080', secret, 'lost')]
  await Promise.all([late.start(), lost.start()])
  t.like(await late.logged('join failed'), {
    hop: 'token',
    reason: 'The join token is unknown or was revoked. Create a new one on the primary',
  })
  t.like(await attempts.first(({ hostname }) => hostname === 'late'), { ok: false, hop: 'TOKEN', tokenName: null })
  t.like(await lost.logged('join failed'), { hop: 'dns', reason: 'the host name primary.invalid was not found in DNS' })
  t.like(await (await fetch(`${late.url}/api/health`)).json(), { status: 'healthy' })
  t.deepEqual(await ask(primary, '{ nodes { totalCount } }'), { nodes: { totalCount: 1 } })
  t.false(
    [...late.printed, ...lost.printed, ...primary.printed].some((line) => line.includes(secret.slice(-20))),
    'the token is in no log',
  )
})

test('an invalid JOIN_TOKEN stops the start and is not printed', async (t) => {
  const node = await newcomer(t, 'http://127.0.0.1:1', 'shly_something-else', 'some-host')
  const { code, output } = await node.startInVain()
  t.is(code, 1)
  t.regex(output, /JOIN_TOKEN must be a join token exactly as the primary showed it/)
  t.false(output.includes('something-else'))
})

test('from another host: dropped packets are a TCP failure, and a node without an endpoint of its own gets the address that it called from', async (t) => {
  const network = await startNetwork(t)
  const isReal = network.by === 'namespaces'
  const primary = await nodeProcess(t, { NODE_NAME: 'main' }, network.primary)
  await primary.start()
  const { secret } = await makeToken(primary)
  const host = await network.host()
  const worker = await newcomer(t, await host.primaryUrl(primary.port), secret, 'some-host', { NODE_API_ENDPOINT: '' }, host)
  await host.drop()
  await worker.start()
  // A proxy accepts the connection and drops the data.
  const failed = await worker.log.first(({ msg }) => msg === 'join failed', { withinMs: 40_000 })
  t.is(failed['hop'], isReal ? 'tcp' : 'http')
  t.regex(
    String(failed['reason']),
    isReal ? /^no connection to 10\.77\.0\.1:\d+ within 10 s: it is off, or a firewall/ : /did not answer within 10 s/,
  )
  await host.heal()

  const { notes = [] } = (await worker.logged('joined primary', { withinMs: 40_000 })) as { notes?: string[] }
  // Behind a proxy on this machine, the node is on this machine too, so its own endpoint works.
  const { nodes } = await ask<{ nodes: { nodes: { name: string; apiEndpoint: string; host: string }[] } }>(
    primary,
    '{ nodes { nodes { name apiEndpoint host } } }',
  )
  const expected = isReal ? { apiEndpoint: `http://10.77.0.2:${worker.port}`, host: '10.77.0.2' } : { host: 'localhost' }
  t.like(
    nodes.nodes.find(({ name }) => name === 'some-host'),
    expected,
  )
  t.regex(notes.join(), isReal ? /^Others reach it at http:\/\/10\.77\.0\.2:\d+, the address that it called from$/ : /^$/)
  const attempts = await attemptsOf(primary)
  t.deepEqual(
    attempts.map(({ ok, hop, address }) => [ok, hop, address]),
    [
      [true, null, isReal ? '10.77.0.2' : '127.0.0.1'],
      [false, isReal ? 'TCP' : 'HTTP', isReal ? '10.77.0.2' : '127.0.0.1'],
    ],
  )
})
