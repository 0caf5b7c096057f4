import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { dataFolder } from '../helpers/data-folder.ts'
import { faultProxy, localWays } from '../helpers/fault-proxy.ts'
import { freePort } from '../helpers/free-port.ts'
import { runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'
import { until } from '../helpers/until.ts'

const change = async (primary: RunningNode, url: string) =>
  primary.graphql('mutation ($url: String!) { changePrimaryUrl(url: $url) { nodeName ok error } }', { url })

async function member(t: ExecutionContext<unknown>, primary: RunningNode, name: string, env: Record<string, string> = {}) {
  const node = await runningSecondary(t, primary, { NODE_NAME: name, ...env })
  await primary.services.membership.welcome({ id: node.id, name, apiEndpoint: node.url, apiKey: node.key })
  await until(() => primary.services.links.get(node.id) !== undefined && primary.services.registry.get(node.id).about !== null)
  return node
}

/** Another way to the same primary. */
async function otherWay(t: ExecutionContext<unknown>, primary: RunningNode): Promise<{ url: string }> {
  const { port } = await faultProxy(t, localWays(Number(new URL(primary.url).port)))
  return { url: `http://127.0.0.1:${port}` }
}

test('nodes that find their primary at the new URL go there and stay through a restart; the environment has the last word', async (t) => {
  const primary = await runningNode(t)
  const folder = dataFolder(t)
  const env = { DATABASE_PATH: join(folder, 'selfhostly.db') }
  const node = await member(t, primary, 'worker', env)
  const way = await otherWay(t, primary)
  const { generation } = primary.services.links.get(node.id) ?? { generation: 0 }
  const answer = await change(primary, `${way.url}/`)
  t.deepEqual(answer.data.changePrimaryUrl, [{ nodeName: 'worker', ok: true, error: null }])
  t.is(node.services.primaryAddress?.current(), way.url)
  await until(() => (primary.services.links.get(node.id)?.generation ?? 0) > generation)
  t.is(primary.services.registry.get(node.id).health.status, 'online')

  await node.stop()
  const same = { ...env, NODE_ID: node.id, NODE_API_KEY: node.key, NODE_NAME: 'worker' }
  const again = await runningSecondary(t, primary, same)
  t.is(again.services.primaryAddress?.current(), way.url)
  await again.stop()
  const moved = await runningSecondary(t, { url: 'http://127.0.0.1:1' }, same)
  t.is(moved.services.primaryAddress?.current(), 'http://127.0.0.1:1')
})

test('a node that does not find it there stays, says why in words, and one that was away is told when it is back', async (t) => {
  const [primary, other] = [await runningNode(t), await runningNode(t)]
  const node = await member(t, primary, 'worker')
  const moved = (await change(primary, `http://127.0.0.1:${await freePort()}`)).data.changePrimaryUrl[0]
  t.like(moved, { nodeName: 'worker', ok: false })
  t.regex(moved.error, /connection refused at 127\.0\.0\.1:/)
  t.regex((await change(primary, other.url)).data.changePrimaryUrl[0].error, /refused the credentials/)
  t.is(node.services.primaryAddress?.current(), primary.url)
  for (const url of ['ftp://x', 'no url', 'http://user:secret@x', 'http://x/?y', ''])
    t.is((await change(primary, url)).errors[0].extensions.code, 'INVALID_INPUT', url)

  const away = await runningSecondary(t, primary, { NODE_NAME: 'away', NODE_CONNECTION: 'direct' })
  const way = await otherWay(t, primary)
  await primary.services.registry.register({ id: away.id, name: 'away', apiEndpoint: 'http://127.0.0.1:9', apiKey: 'not-yet-its-key' })
  const outcomes = (await change(primary, way.url)).data.changePrimaryUrl
  t.regex(outcomes.find(({ nodeName }: { nodeName: string }) => nodeName === 'away').error, /is offline; it will be told when it is back/)
  await primary.services.membership.update(away.id, { apiKey: away.key, apiEndpoint: away.url })
  away.services.nodeCalls.emit('callHome', undefined)
  await until(() => away.services.primaryAddress?.current() === way.url)
  t.is(node.services.primaryAddress?.current(), way.url)
})

test('another primary that knows the node is not believed', async (t) => {
  const [primary, other] = [await runningNode(t), await runningNode(t)]
  const node = await member(t, primary, 'worker')
  await node.services.callHome(primary.url).then(({ primaryId }) => primaryId && node.services.primaryAddress?.met(primaryId))
  await other.services.registry.register({ id: node.id, name: 'worker', apiEndpoint: node.url, apiKey: node.key })
  t.regex((await change(primary, other.url)).data.changePrimaryUrl[0].error, /another primary answers at/)
  t.is(node.services.primaryAddress?.current(), primary.url)
})
