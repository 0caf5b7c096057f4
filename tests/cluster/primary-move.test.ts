import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { dataFolder } from '../helpers/data-folder.ts'
import { faultProxy, localWays } from '../helpers/fault-proxy.ts'
import { freePort } from '../helpers/free-port.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { peer } from '../helpers/peer.ts'
import { runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'
import { until } from '../helpers/until.ts'

const change = async (primary: RunningNode, url: string) =>
  primary.graphql('mutation ($url: String!) { changePrimaryUrl(url: $url) { nodeName ok error } }', { url })

async function member(t: ExecutionContext<unknown>, primary: RunningNode, name: string, env: Record<string, string> = {}) {
  const node = await runningSecondary(t, primary, { NODE_NAME: name, ...env })
  await primary.services.membership.welcome({ id: node.id, name, apiEndpoint: node.url, apiKey: node.key })
  await until(
    () => primary.services.transport.links.get(node.id) !== undefined && primary.services.members.registry.get(node.id).about !== null,
  )
  return node
}

/** Another URL that leads to the same primary. */
async function otherWay(t: ExecutionContext<unknown>, primary: RunningNode): Promise<{ url: string }> {
  const { port } = await faultProxy(t, localWays(Number(new URL(primary.url).port)))
  return { url: `http://127.0.0.1:${port}` }
}

test('nodes that find their primary at the new URL use it, also after a restart; a changed environment wins', async (t) => {
  const primary = await runningNode(t)
  const folder = dataFolder(t)
  const env = { DATABASE_PATH: join(folder, 'selfhostly.db') }
  const node = await member(t, primary, 'worker', env)
  const way = await otherWay(t, primary)
  const { generation } = primary.services.transport.links.get(node.id) ?? { generation: 0 }
  const answer = await change(primary, `${way.url}/`)
  t.deepEqual(answer.data.changePrimaryUrl, [{ nodeName: 'worker', ok: true, error: null }])
  t.is(node.services.home.primaryAddress?.current(), way.url)
  await until(() => (primary.services.transport.links.get(node.id)?.generation ?? 0) > generation)
  t.is(primary.services.members.registry.get(node.id).health.status, 'online')
  const token = await primary.graphql('mutation { createJoinToken(input: { name: "more" }) { commands { npm } } }')
  t.true(token.data.createJoinToken.commands.npm.includes(`PRIMARY_NODE_URL=${way.url} `))

  await node.stop()
  const same = { ...env, NODE_ID: node.id, NODE_API_KEY: node.key, NODE_NAME: 'worker' }
  const again = await runningSecondary(t, primary, same)
  t.is(again.services.home.primaryAddress?.current(), way.url)
  await again.stop()
  const third = await otherWay(t, primary)
  const moved = await runningSecondary(t, third, same)
  const synced = () => moved.log.filter(({ msg }) => msg === 'settings synced from primary').length
  await until(() => synced() > 0)
  moved.services.home.events.emit('settingsChanged', undefined)
  await until(() => synced() > 1)
  t.is(moved.services.home.primaryAddress?.current(), third.url, 'the environment changed after the primary sent its URL, so it wins')
})

test('a node that does not find its primary there keeps the old URL and says why; a node that was away gets the new URL when it is back', async (t) => {
  const [primary, other] = [await runningNode(t), await runningNode(t)]
  const node = await member(t, primary, 'worker')
  const moved = (await change(primary, `http://127.0.0.1:${await freePort()}`)).data.changePrimaryUrl[0]
  t.like(moved, { nodeName: 'worker', ok: false })
  t.regex(moved.error, /connection refused at 127\.0\.0\.1:/)
  t.regex((await change(primary, other.url)).data.changePrimaryUrl[0].error, /refused the credentials/)
  t.is(node.services.home.primaryAddress?.current(), primary.url)
  for (const url of ['ftp://x', 'no url', 'http://user:secret@x', 'http://x/?y', ''])
    t.is((await change(primary, url)).errors[0].extensions.code, 'INVALID_INPUT', url)

  const away = await runningSecondary(t, primary, { NODE_NAME: 'away', NODE_CONNECTION: 'direct' })
  const way = await otherWay(t, primary)
  await primary.services.members.registry.register({
    id: away.id,
    name: 'away',
    apiEndpoint: 'http://127.0.0.1:9',
    apiKey: 'not-yet-its-key',
  })
  const outcomes = (await change(primary, way.url)).data.changePrimaryUrl
  t.regex(
    outcomes.find(({ nodeName }: { nodeName: string }) => nodeName === 'away').error,
    /is offline and gets the new URL when it is back/,
  )
  await primary.services.membership.update(away.id, { apiKey: away.key, apiEndpoint: away.url })
  away.services.home.events.emit('callHome', undefined)
  await until(() => away.services.home.primaryAddress?.current() === way.url)
  t.is(node.services.home.primaryAddress?.current(), way.url)
})

test('a node that cannot save the new URL says so, keeps the old one, and switches when it can', async (t) => {
  const primary = await runningNode(t)
  const folder = dataFolder(t)
  const node = await member(t, primary, 'worker', { DATABASE_PATH: join(folder, 'selfhostly.db') })
  const file = join(folder, 'primary.json')
  rmSync(file)
  // Stands in for a full disk: a file cannot replace a folder that is not empty.
  mkdirSync(join(file, 'in-the-way'), { recursive: true })
  const way = await otherWay(t, primary)
  const [moved] = (await change(primary, way.url)).data.changePrimaryUrl
  t.like(moved, { nodeName: 'worker', ok: false })
  const warned = () => node.log.filter(({ msg }) => msg === 'primary says it has moved, but switching to its new URL failed').length
  await until(() => warned() > 0)
  t.is(node.services.home.primaryAddress?.current(), primary.url)
  t.is(primary.services.members.registry.get(node.id).health.status, 'online')

  rmSync(file, { recursive: true })
  node.services.home.events.emit('settingsChanged', undefined)
  await until(() => node.services.home.primaryAddress?.current() === way.url)
})

test('does not switch to another primary that knows the node', async (t) => {
  const [primary, other] = [await runningNode(t), await runningNode(t)]
  const node = await member(t, primary, 'worker')
  node.services.home.primaryAddress?.answered((await node.services.home.callHome(primary.url)).primaryId)
  await other.services.members.registry.register({ id: node.id, name: 'worker', apiEndpoint: node.url, apiKey: node.key })
  t.regex((await change(primary, other.url)).data.changePrimaryUrl[0].error, /another primary answers at/)
  t.is(node.services.home.primaryAddress?.current(), primary.url)
})

test('never sends the key to a mistyped URL', async (t) => {
  const primary = await runningNode(t)
  const node = await member(t, primary, 'worker')
  const shown: string[] = []
  const answer: { status: number; headers: Record<string, string>; body: string } = { status: 404, headers: {}, body: 'not here' }
  const stranger = await peer(t, ({ headers }, response) => {
    shown.push(JSON.stringify(headers))
    response.writeHead(answer.status, answer.headers).end(answer.body)
  })
  const errorAt = async (): Promise<string> => (await change(primary, stranger.url)).data.changePrimaryUrl[0].error
  t.regex(await errorAt(), /answered 404 under \/api\/internal\/, which is not an answer from Selfhostly/)
  Object.assign(answer, { status: 302, headers: { location: 'https://elsewhere.example' } })
  t.regex(await errorAt(), /answered 302 with a redirect. Enter the URL that it leads to/)
  Object.assign(answer, { status: 200, headers: {}, body: '{"message":"Heartbeat received","primary_id":null}' })
  t.regex(await errorAt(), /answered 200 under/)
  t.true(shown.length >= 3)
  for (const headers of shown) for (const secret of [node.key, node.id]) t.false(headers.includes(secret))
  const lines = await node.services.access.audit.list({}, { limit: 10 })
  t.is(
    lines.filter(({ action, outcome }) => action === 'cluster.primary-url' && outcome === 'failed').length,
    3,
    "the node's own audit log",
  )
})

test('if the primary does not answer at the new URL, a node goes back to the old one, and the other way round', async (t) => {
  const primary = await runningNode(t)
  const clock = createManualClock()
  const first = await faultProxy(t, localWays(Number(new URL(primary.url).port)))
  const second = await faultProxy(t, localWays(Number(new URL(primary.url).port)))
  const url = ({ port }: { port: number }): string => `http://127.0.0.1:${port}`
  const settings = { NODE_IS_PRIMARY: 'false', PRIMARY_NODE_URL: url(first), NODE_NAME: 'worker', NODE_CONNECTION: 'direct' }
  const node = await runningNode(t, settings, { clock })
  await primary.services.members.registry.register({ id: node.id, name: 'worker', apiEndpoint: node.url, apiKey: node.key })
  const at = () => node.services.home.primaryAddress?.current()
  const beat = () => node.services.home.events.emit('callHome', undefined)
  const contact = () => node.services.home.primaryContact?.state().reachable
  beat()
  await until(() => contact() === true)
  t.is(await node.services.home.primaryAddress?.move(url(second)), null)
  t.is(at(), url(second))

  for (const [gone, there] of [
    [second, first],
    [first, second],
  ] as const) {
    await there.heal()
    gone.refuse()
    clock.advance(60_000)
    beat()
    await until(() => contact() === false)
    clock.advance(20_000)
    beat()
    await until(() => at() === url(there))
    beat()
    await until(() => contact() === true)
  }
})
