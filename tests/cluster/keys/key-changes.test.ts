import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { dataFolder } from '../../helpers/data-folder.ts'
import { follow, type LiveValues } from '../../helpers/graphql.ts'
import { nodeHeaders, runningNode, runningSecondary, type RunningNode } from '../../helpers/running-node.ts'
import { createManualClock } from '../../helpers/manual-clock.ts'
import { recordedLog } from '../../helpers/recorded-log.ts'
import { until } from '../../helpers/until.ts'
import { createLinkServer, dial } from '../../../api/cluster/transport/link-socket.ts'
import { createOwnKey } from '../../../api/cluster/home/own-key.ts'
import { loadIdentity } from '../../../api/cluster/home/identity.ts'

interface SeenNode {
  id: string
  status: string
  keyChangedAt: string
}

interface Pair {
  primary: RunningNode
  node: RunningNode
  id: string
  nodes: LiveValues<SeenNode>
  restartPrimary: () => Promise<RunningNode>
  restartNode: () => Promise<RunningNode>
}

const watch = (t: ExecutionContext<unknown>, primary: RunningNode) =>
  follow<SeenNode>(t, primary, 'subscription { nodeStatusChanged { id status keyChangedAt } }')

/** A primary and a node that share a key made by the node. Both can be restarted with their data. */
async function pair(t: ExecutionContext<unknown>, connection = 'link'): Promise<Pair> {
  const folder = dataFolder(t)
  const at = (name: string, address: string) => ({ DATABASE_PATH: join(folder, name, 'selfhostly.db'), SERVER_ADDRESS: address })
  const primary = await runningNode(t, at('primary', '127.0.0.1:0'))
  const address = new URL(primary.url).host
  const settings = { NODE_API_KEY: '', NODE_CONNECTION: connection }
  const node = await runningSecondary(t, primary, { ...at('node', '127.0.0.1:0'), ...settings })
  const ids = { primary: primary.id, node: node.id }
  const nodes = watch(t, primary)
  await primary.services.membership.welcome({ id: node.id, name: 'worker', apiEndpoint: node.url, apiKey: node.key })
  await nodes.first(({ id, status }) => id === node.id && status === 'ONLINE')
  await until(() => primary.services.members.registry.get(node.id).about !== null)
  return {
    primary,
    node,
    id: node.id,
    nodes,
    restartPrimary: () => runningNode(t, { ...at('primary', address), NODE_ID: ids.primary, NODE_API_KEY: primary.key }),
    restartNode: () => runningSecondary(t, primary, { ...at('node', new URL(node.url).host), ...settings, NODE_ID: ids.node }),
  }
}

const rotate = (primary: RunningNode, id: string) =>
  primary.graphql('mutation ($id: ID!) { rotateNodeKey(id: $id) { keyChangedAt } }', { id })
const keyOf = (node: RunningNode): string => node.services.home.ownKey.current()
const shared = (primary: RunningNode, node: RunningNode): boolean =>
  primary.services.members.registry.keyOf(node.id) === keyOf(node) && !primary.services.members.registry.hasNextKey(node.id)

for (const connection of ['link', 'direct'])
  test(`over ${connection}: a key changes without a restart, a lost session or a refused call`, async (t) => {
    const { primary, node, id, nodes } = await pair(t, connection)
    const before = keyOf(node)
    const session = primary.services.feed.streams.sessionOf(id)
    const asked = nodes.values.find((seen) => seen.id === id)?.keyChangedAt
    const refusals = () => [primary, node].flatMap(({ log }) => log).filter(({ msg }) => /refused|lost|failed/.test(msg))
    const refusedBefore = refusals().length
    let beats = 0
    const beating = { on: true }
    const beat = (async () => {
      while (beating.on) {
        await node.services.home.callHome(primary.url)
        beats += 1
      }
    })()
    const answer = await rotate(primary, id)
    t.falsy(answer.errors)
    beating.on = false
    await beat
    t.true(beats > 0)
    t.not(keyOf(node), before)
    t.true(shared(primary, node))
    t.true(answer.data.rotateNodeKey.keyChangedAt > (asked ?? ''))
    t.deepEqual(primary.services.feed.streams.sessionOf(id), session, 'the same session continues')
    t.is(refusals().length, refusedBefore)
    t.is(primary.services.members.registry.get(id).health.status, 'online')
    const file = join(node.services.config.dataDir, 'identity.json')
    t.like(JSON.parse(readFileSync(file, 'utf8')), { apiKey: keyOf(node), formerKey: before })
    t.is(statSync(file).mode & 0o777, 0o600)
    const audit = primary.services.access.audit.list({}, { limit: 10 })
    t.true((await audit).some(({ action, outcome }) => action === 'node.rotate-key' && outcome === 'succeeded'))
    t.false(JSON.stringify([primary.log, node.log]).includes(keyOf(node)))
  })

test('the link is replaced with the new key after half a minute, and links with the previous key are cut after a minute', async (t) => {
  const clock = createManualClock()
  const primary = await runningNode(t, {}, { clock })
  const node = await runningSecondary(t, primary, { NODE_API_KEY: '', NODE_CONNECTION: 'link' }, { clock })
  const { membership } = primary.services
  const { registry } = primary.services.members
  const { links } = primary.services.transport
  const { id } = node
  await membership.welcome({ id, name: 'worker', apiEndpoint: node.url, apiKey: node.key })
  /** Moves the clock only as fast as calls are answered. */
  const passing = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) {
      clock.advance(200)
      await primary.send('/api/health')
    }
  }
  await passing(() => registry.get(id).health.status === 'online' && registry.get(id).about !== null)
  const [before, former] = [links.get(id), keyOf(node)]
  t.falsy((await rotate(primary, id)).errors)
  t.is(links.get(id), before, 'the same link is still open')
  await passing(() => links.get(id) !== before)
  t.is(links.get(id)?.apiKey, keyOf(node))
  t.is(registry.get(id).health.status, 'online')
  t.false(primary.log.some(({ msg }) => msg === 'link lost' || msg === 'event stream lost'))

  await node.stop()
  const thief = await dial(primary.url, nodeHeaders({ id, key: former }))
  await until(() => links.get(id)?.apiKey === former)
  let isCut = false
  thief.socket.once('close', () => (isCut = true))
  createLinkServer((_, response) => void response.end())
    .answerOver(thief)
    .on('error', () => undefined)
  await passing(() => isCut)
  t.is(links.get(id), undefined)
})

test('a change that stops halfway is finished later and leaves one key', async (t) => {
  const { primary, node, id, restartPrimary, restartNode } = await pair(t)
  const finished = async (one: RunningNode, other: RunningNode): Promise<void> => {
    await until(() => {
      if (!shared(one, other)) one.services.keys.tick()
      return shared(one, other)
    })
    await until(() => one.services.members.registry.get(id).health.status === 'online')
  }
  // The primary has made the key but not sent it.
  await primary.services.members.registry.prepareKey(id)
  await finished(primary, node)

  // The node has the key, but its answer was lost. Its next call confirms it.
  node.services.home.ownKey.take(await primary.services.members.registry.prepareKey(id))
  await node.services.home.callHome(primary.url)
  await until(() => shared(primary, node))

  // The node has the key, and both are restarted.
  node.services.home.ownKey.take(await primary.services.members.registry.prepareKey(id))
  await Promise.all([primary.stop(), node.stop()])
  const againNode = await restartNode()
  const againPrimary = await restartPrimary()
  t.true(againPrimary.services.members.registry.keysOf(id).includes(keyOf(againNode)), 'the primary accepts the key that the node uses')
  await finished(againPrimary, againNode)
})

test('a key from the environment is not changed; both sides say why, and the attempt leaves nothing behind', async (t) => {
  const primary = await runningNode(t)
  const node = await runningSecondary(t, primary)
  const nodes = watch(t, primary)
  await primary.services.membership.welcome({ id: node.id, name: 'worker', apiEndpoint: node.url, apiKey: node.key })
  await nodes.first(({ id, status }) => id === node.id && status === 'ONLINE')
  await until(() => primary.services.members.registry.get(node.id).about !== null)
  const { errors } = await rotate(primary, node.id)
  t.is(errors[0].extensions.code, 'FORBIDDEN')
  t.regex(errors[0].message, /its key is set by NODE_API_KEY in its environment/)
  t.false(primary.services.members.registry.hasNextKey(node.id))
  t.is(primary.services.members.registry.keyOf(node.id), node.key)
  t.is((await rotate(primary, primary.id)).errors[0].extensions.code, 'FORBIDDEN')
})

test('refuses a node that is not online, unknown or too old, with the reason', async (t) => {
  const primary = await runningNode(t)
  const id = '00000000-0000-4000-8000-00000000000a'
  t.is((await rotate(primary, id)).errors[0].extensions.code, 'NOT_FOUND')
  await primary.services.members.registry.register({ id, name: 'old', apiEndpoint: 'http://127.0.0.1:9', apiKey: 'key-of-the-old-one' })
  const about = { connection: 'direct' as const, instanceId: id, startedAt: new Date(), hostname: 'old', program: null }
  primary.services.members.registry.learn(id, { ...about, version: '0.0.9', capabilities: ['link'] })
  const { errors } = await rotate(primary, id)
  t.is(errors[0].extensions.code, 'NOT_SUPPORTED')
  t.is(errors[0].message, 'old runs 0.0.9, which lacks key-rotation. Update it first')
  primary.services.members.registry.learn(id, { ...about, version: '0.1.0', capabilities: ['key-rotation'] })
  t.is((await rotate(primary, id)).errors[0].extensions.code, 'NODE_UNREACHABLE')
})

test('a node that is removed or gets another key by hand is cut off at once', async (t) => {
  const { primary, node, id, nodes } = await pair(t)
  const former = keyOf(node)
  t.truthy(primary.services.transport.links.get(id))
  await primary.graphql('mutation ($id: ID!) { updateNode(id: $id, input: { apiKey: "another-key-by-hand" }) { id } }', { id })
  t.is(primary.services.transport.links.get(id), undefined)
  await nodes.first((seen) => seen.id === id && seen.status === 'OFFLINE')
  const beat = (key: string) => primary.send(`/api/internal/nodes/${id}/heartbeat`, { method: 'POST', headers: nodeHeaders({ id, key }) })
  t.is((await beat(former)).status, 401)
  t.is((await beat('another-key-by-hand')).status, 200)
  await until(() => node.log.some(({ msg }) => msg === 'link to primary could not be opened' || msg === 'heartbeat failed'))
  await primary.graphql('mutation ($id: ID!) { removeNode(id: $id) }', { id })
  t.is((await beat('another-key-by-hand')).status, 401)
})

test('on the node, the previous key works until a minute after the new one is first used', (t) => {
  const dataDir = dataFolder(t)
  const clock = createManualClock()
  const first = loadIdentity({ dataDir })
  const key = createOwnKey({ identity: first, dataDir, clock, log: recordedLog().log })
  const [one, two] = ['1'.repeat(40), '2'.repeat(40)]
  key.take(one)
  key.take(one)
  t.deepEqual(key.all(), [one, first.apiKey])
  t.like(loadIdentity({ dataDir }), { apiKey: one, formerKey: first.apiKey, id: first.id })
  clock.advance(3_600_000)
  key.used(first.apiKey)
  clock.advance(3_600_000)
  t.is(key.all().length, 2, 'the new key has not been used yet')
  key.used(one)
  clock.advance(59_999)
  t.is(key.all().length, 2)
  key.take(two)
  clock.advance(120_000)
  t.deepEqual(key.all(), [two, one], 'another change starts a new grace period')
  key.used(two)
  clock.advance(60_000)
  t.deepEqual(key.all(), [two])
  t.like(loadIdentity({ dataDir }), { apiKey: two, formerKey: null })
})
