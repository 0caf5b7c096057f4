import test from 'ava'
import { followNodes } from '../helpers/cluster.ts'
import { followAttempts, makeToken, newcomer, tokensOf } from '../helpers/join.ts'
import { nodeProcess } from '../helpers/node-process.ts'

/** From when it serves to when a browser sees it. */
const appearsWithinMs = 2000

test('a new node with a token appears at once, and its restart does not use the token again', async (t) => {
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

  await worker.stop()
  const from = worker.log.values.length
  await worker.start()
  await worker.logged('startup heartbeat sent successfully to primary', { from })
  t.false(
    worker.log.values.slice(from).some(({ msg }) => msg === 'joining primary'),
    'the primary knows it',
  )
  t.like(await tokensOf(primary), [{ uses: 1 }])
  t.false(
    [...primary.printed, ...worker.printed].some((line) => line.includes(secret.slice(-20))),
    'the token is in no log',
  )
})
