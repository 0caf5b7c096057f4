import { randomUUID } from 'node:crypto'
import test from 'ava'
import { ensureTestImage, removeProject, uniqueName } from '../helpers/docker.ts'
import { follow, GraphqlFailure } from '../helpers/graphql.ts'
import { nodeHeaders, runningNode, type RunningNode } from '../helpers/running-node.ts'
import { until } from '../helpers/until.ts'
import { nextMessage, openGraphqlSocket, openWebSocket, subscribeMessage } from '../helpers/websocket.ts'

interface SeenNode {
  id: string
  name: string
  status: string
  lastSeen: string | null
}

const nodesChanged = 'subscription { nodeStatusChanged { id name status lastSeen } }'

/** Registered nodes that have never answered. */
async function members(primary: RunningNode, count: number): Promise<{ id: string; key: string }[]> {
  const made = Array.from({ length: count }, (_, index) => ({ id: randomUUID(), key: `key-of-node-${index}` }))
  for (const [index, { id, key }] of made.entries())
    await primary.services.members.registry.register({ id, name: `worker-${index}`, apiEndpoint: 'http://127.0.0.1:9', apiKey: key })
  return made
}

const beat = (primary: RunningNode, node: { id: string; key: string }) =>
  primary.send(`/api/internal/nodes/${node.id}/heartbeat`, { method: 'POST', headers: nodeHeaders(node) })

test('nodeStatusChanged sends every node, then changes and new nodes, and nodeRemoved sends removals', async (t) => {
  const primary = await runningNode(t)
  const [one, two] = await members(primary, 2)
  const nodes = follow<SeenNode>(t, primary, nodesChanged)
  const removed = follow<string>(t, primary, 'subscription { nodeRemoved }')
  await nodes.first(() => nodes.values.length >= 3)
  // A check of the new nodes may already have ended.
  t.deepEqual(
    nodes.values.slice(0, 3).map(({ id }) => id),
    [primary.id, one?.id, two?.id],
  )
  t.deepEqual(
    nodes.values.slice(0, 3).map(({ status }) => status),
    ['ONLINE', 'OFFLINE', 'OFFLINE'],
  )

  await beat(primary, one as { id: string; key: string })
  t.like(await nodes.first(({ status }) => status === 'ONLINE', { from: 3 }), { id: one?.id })

  const [three] = await members(primary, 1).catch(() => [])
  t.is(three, undefined, 'the name is taken, and nothing is told')
  const id = randomUUID()
  await primary.graphql('mutation ($input: RegisterNodeInput!) { registerNode(input: $input) { id } }', {
    input: { id, name: 'new', apiEndpoint: 'http://127.0.0.1:9', apiKey: 'key-of-nobody' },
  })
  t.like(await nodes.first((node) => node.id === id), { name: 'new', status: 'OFFLINE' })
  await primary.graphql('mutation ($id: ID!) { updateNode(id: $id, input: { name: "newer" }) { id } }', { id })
  await nodes.first(({ name }) => name === 'newer')
  t.is((await primary.graphql('mutation ($id: ID!) { removeNode(id: $id) }', { id })).data.removeNode, id)
  t.is(await removed.first(() => true), id)
})

test('no change is lost between the snapshot and what follows', async (t) => {
  const primary = await runningNode(t)
  const nodes = await members(primary, 20)
  const subscribers: ReturnType<typeof follow<SeenNode>>[] = []
  for (let round = 0; round < 5; round++) {
    const beats = nodes.map((node) => beat(primary, node))
    for (let more = 0; more < 4; more++) subscribers.push(follow<SeenNode>(t, primary, nodesChanged))
    for (const { status } of await Promise.all(beats)) t.is(status, 200)
  }
  for (const { id } of nodes) {
    const truth = primary.services.members.registry.get(id).health.lastSeen?.toISOString()
    for (const { first } of subscribers) t.is((await first((seen) => seen.id === id && seen.lastSeen === truth)).status, 'ONLINE')
  }
  for (const { values } of subscribers) {
    for (const { id } of nodes) {
      const times = values.flatMap((seen) => (seen.id === id && seen.lastSeen ? [seen.lastSeen] : []))
      t.deepEqual(times, times.toSorted(), 'never backwards')
    }
  }
})

test('a change reaches a hundred subscribers', async (t) => {
  const primary = await runningNode(t)
  const [node] = await members(primary, 1)
  const subscribers = Array.from({ length: 100 }, () => follow<SeenNode>(t, primary, nodesChanged))
  await Promise.all(subscribers.map(({ first }) => first(({ status }) => status === 'OFFLINE')))
  await beat(primary, node as { id: string; key: string })
  const heard = await Promise.all(subscribers.map(({ first }) => first(({ id, status }) => id === node?.id && status === 'ONLINE')))
  t.is(heard.length, 100)
})

test('clients that disappear leave nothing behind, whatever they were waiting for', async (t) => {
  const primary = await runningNode(t)
  await members(primary, 3)
  const names = ['node', 'nodeRemoved', 'app', 'appRemoved', 'stats'] as const
  const listeners = () => names.map((name) => primary.services.events.listenerCount(name))
  const before = listeners()
  const queries = [
    nodesChanged,
    'subscription { nodeRemoved }',
    'subscription { appChanged { id } }',
    'subscription { appRemoved }',
    `subscription { nodeStats(nodeId: "${primary.id}") { state } }`,
  ]
  const sockets = await Promise.all(Array.from({ length: 20 }, () => openGraphqlSocket(primary)))
  for (const socket of sockets) for (const [index, query] of queries.entries()) socket.send(subscribeMessage(String(index), query))
  await until(() => listeners().every((count, index) => count === (before[index] ?? 0) + 20))
  for (const socket of sockets) socket.terminate()
  await until(() => listeners().join() === before.join())

  // Before their first value, and before they are authenticated.
  const hasty = await Promise.all(Array.from({ length: 20 }, () => openWebSocket(primary)))
  for (const socket of hasty.slice(0, 10)) socket.send('{"type":"connection_init"}')
  for (const socket of hasty.slice(0, 10)) socket.send(subscribeMessage('1', nodesChanged))
  for (const socket of hasty) socket.terminate()
  t.is((await primary.graphql('{ __typename }')).data.__typename, 'Query')
  await until(() => listeners().join() === before.join())
  t.deepEqual(listeners(), before)
})

test('completing a subscription keeps the connection open', async (t) => {
  const primary = await runningNode(t)
  const before = primary.services.events.listenerCount('node')
  const socket = await openGraphqlSocket(primary)
  t.teardown(() => socket.terminate())
  socket.send(subscribeMessage('1', nodesChanged))
  t.like(await nextMessage(socket), { id: '1', type: 'next' })
  t.is(primary.services.events.listenerCount('node'), before + 1)
  socket.send('{"id":"1","type":"complete"}')
  await until(() => primary.services.events.listenerCount('node') === before)
  socket.send(subscribeMessage('2', '{ server { isPrimary } }'))
  t.like(await nextMessage(socket), { id: '2', payload: { data: { server: { isPrimary: true } } } })
})

test('operationProgress follows an operation to its end and completes, even if it ended long ago', async (t) => {
  await ensureTestImage()
  const node = await runningNode(t)
  const name = uniqueName()
  t.teardown(() => removeProject(name))
  const apps = follow<{ id: string; status: string }>(t, node, 'subscription { appChanged { id status } }')
  const removed = follow<string>(t, node, 'subscription { appRemoved }')
  const { data } = await node.graphql(
    'mutation ($nodeId: ID!, $input: CreateAppInput!) { createApp(nodeId: $nodeId, input: $input) { app { id } operation { id } } }',
    { nodeId: node.id, input: { name, composeContent: 'services: {web: {image: selfhostly-test/web:1}}' } },
  )
  const { app, operation } = data.createApp
  const query = 'subscription ($id: ID!) { operationProgress(id: $id) { status progress finishedAt } }'
  const progress = follow<{ status: string; progress: number }>(t, node, query, { id: operation.id })
  await progress.completed
  t.like(progress.values.at(-1), { status: 'SUCCEEDED', progress: 100 })
  const steps = progress.values.map((value) => value.progress)
  t.deepEqual(
    steps,
    steps.toSorted((a, b) => a - b),
  )
  t.is((await apps.first(({ status }) => status === 'RUNNING')).id, app.id)

  const before = node.services.events.listenerCount('operation')
  const late = follow<{ status: string; progress: number }>(t, node, query, { id: operation.id })
  await late.completed
  t.deepEqual(late.values, progress.values.slice(-1))
  t.is(node.services.events.listenerCount('operation'), before)

  await node.graphql('mutation ($id: ID!) { removeApp(id: $id) { operation { id } } }', { id: app.id })
  t.is(await removed.first(() => true), app.id)
})

test('subscribing to an unknown id fails', async (t) => {
  const primary = await runningNode(t)
  for (const query of [
    'subscription ($id: ID!) { operationProgress(id: $id) { id } }',
    'subscription ($id: ID!) { nodeStats(nodeId: $id) { state } }',
  ]) {
    const { first } = follow(t, primary, query, { id: randomUUID() })
    const failure = await t.throwsAsync(first(() => true))
    t.regex(failure instanceof GraphqlFailure ? `${failure.code}` : String(failure?.message), /NOT_FOUND/)
  }
})

test('nodeStats sends the current values, then each measurement', async (t) => {
  const primary = await runningNode(t, { STATS_INTERVAL: '1' })
  const stats = follow<{ state: string; asOf: string | null; error: string | null }>(
    t,
    primary,
    `subscription { nodeStats(nodeId: "${primary.id}") { state asOf error } }`,
  )
  const first = await stats.first(({ asOf }) => asOf !== null)
  t.like(first, { state: 'OK', error: null })
  await stats.first(({ asOf }) => asOf !== null && asOf !== first.asOf)
})
