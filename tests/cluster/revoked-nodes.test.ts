import test, { type ExecutionContext } from 'ava'
import { eventually, followNodes, secondaryOf } from '../helpers/cluster.ts'
import { ask } from '../helpers/graphql.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { nodeProcess, type LogLine } from '../helpers/node-process.ts'
import { nodeHeaders, runningNode } from '../helpers/running-node.ts'
import { until } from '../helpers/until.ts'

const cutWithinMs = 5000

async function cluster(t: ExecutionContext<unknown>, connection: string) {
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const node = await secondaryOf(t, primary, 'worker', { NODE_CONNECTION: connection })
  await Promise.all([primary.start(), node.start()])
  const { id, key } = await node.identity()
  const input = { id, name: 'worker', apiEndpoint: node.url, apiKey: key }
  const nodes = followNodes(t, primary)
  await ask(primary, 'mutation ($input: RegisterNodeInput!) { registerNode(input: $input) { id } }', { input })
  await nodes.first((seen) => seen.id === id && seen.status === 'ONLINE')
  const session = () =>
    ask<{ node: { session: { transport: string } | null } }>(primary, 'query ($id: ID!) { node(id: $id) { session { transport } } }', {
      id,
    })
  await eventually(session, (answer) => answer.node.session?.transport === (connection === 'link' ? 'LINK' : 'DIRECT'))
  const heartbeat = async (): Promise<number> => {
    const headers = nodeHeaders({ id, key })
    return (await fetch(`${primary.url}/api/internal/nodes/${id}/heartbeat`, { method: 'POST', headers })).status
  }
  return { primary, node, id, heartbeat }
}

const ways = {
  'is removed': 'mutation ($id: ID!) { removeNode(id: $id) }',
  'gets another key by hand': 'mutation ($id: ID!) { updateNode(id: $id, input: { apiKey: "another-key-by-hand" }) { id } }',
}

for (const [how, connection] of [
  ['is removed', 'link'],
  ['gets another key by hand', 'direct'],
] as const)
  test.serial(`a node (${connection}) that ${how} is cut off at once and notices it`, async (t) => {
    const { primary, node, id, heartbeat } = await cluster(t, connection)
    t.is(await heartbeat(), 200)
    const from = node.log.values.length
    await ask(primary, ways[how], { id })
    t.is(await heartbeat(), 401)
    // When its event stream ends it sends a heartbeat, which is refused.
    const isRefused = ({ msg, reason }: LogLine): boolean => msg === 'heartbeat failed' && /refused the credentials/.test(String(reason))
    await node.log.first(isRefused, { from, withinMs: cutWithinMs })
  })

test('when a node drops a key, only the connections opened with it end', async (t) => {
  const clock = createManualClock()
  const node = await runningNode(
    t,
    { NODE_IS_PRIMARY: 'false', PRIMARY_NODE_URL: 'http://127.0.0.1:1', NODE_API_KEY: '', NODE_CONNECTION: 'direct' },
    { clock },
  )
  const { ownKey, events } = node.services.home
  const closed: string[] = []
  t.teardown(events.on('streamClosed', (id) => void closed.push(id)))
  const [thief, primary] = ['00000000-0000-4000-8000-00000000000b', '00000000-0000-4000-8000-00000000000a']
  const ends = new Map<string, boolean>()
  async function open(id: string, key: string): Promise<number> {
    const leaving = new AbortController()
    t.teardown(() => leaving.abort())
    const response = await fetch(`${node.url}/api/internal/events`, { headers: nodeHeaders({ id, key }), signal: leaving.signal })
    ends.set(id, false)
    response.body?.pipeTo(new WritableStream()).then(
      () => ends.set(id, true),
      () => undefined,
    )
    return response.status
  }
  const former = ownKey.current()
  const next = 'n'.repeat(43)
  t.is(await open(thief, former), 200)
  ownKey.take(next)
  t.is(await open(primary, next), 200)
  clock.advance(59_999)
  // If the stream had ended, that would arrive before the answer to a later call.
  t.is((await fetch(`${node.url}/api/health`)).status, 200)
  t.deepEqual([closed, ends.get(thief)], [[], false], 'a primary that does not know the new key yet still needs the previous one')
  clock.advance(1)
  await until(() => ends.get(thief) === true)
  t.deepEqual(closed, [thief])
  t.is(await open(thief, former), 401)
  t.false(ends.get(primary))
})
