import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import test, { type ExecutionContext } from 'ava'
import type { App } from '../../api/apps/app.ts'
import { feedEventToJson } from '../../api/cluster/feed/feed-wire.ts'
import { fetchOver } from '../../api/cluster/transport/link-fetch.ts'
import { dial, DialError } from '../../api/cluster/transport/link-socket.ts'
import { toWire } from '../../api/wire.ts'
import { ensureTestImage, removeProject, uniqueName } from '../helpers/docker.ts'
import { freePort } from '../helpers/free-port.ts'
import { follow } from '../helpers/graphql.ts'
import { nodeEnd } from '../helpers/link-pair.ts'
import { nodeHeaders, runningNode, runningSecondary, type RunningNode } from '../helpers/running-node.ts'
import { someApp, someStats } from '../helpers/things.ts'
import { webApp } from '../helpers/cluster.ts'

interface SeenNode {
  id: string
  status: string
  statusReason: string | null
  statusSignal: string
  session: { transport: string; generation: number } | null
  conditions: { type: string; message: string }[]
  version: string | null
  versionState: string
  missingCapabilities: string[]
}

const fields =
  'id status statusReason statusSignal session { transport generation } conditions { type message } version versionState missingCapabilities'
const followNodes = (t: ExecutionContext<unknown>, primary: RunningNode) =>
  follow<SeenNode>(t, primary, `subscription { nodeStatusChanged { ${fields} } }`)

/** Nothing listens there, so only a link reaches the node. */
const nowhere = 'http://127.0.0.1:9'

async function enter(primary: RunningNode, node: { id: string; key: string }, apiEndpoint = nowhere): Promise<void> {
  await primary.services.membership.welcome({ id: node.id, name: `node-${node.id.slice(0, 8)}`, apiEndpoint, apiKey: node.key })
}

test('a node needs no open port: everything goes over the link that it opens', async (t) => {
  await ensureTestImage()
  const primary = await runningNode(t)
  const nodes = followNodes(t, primary)
  const node = await runningSecondary(t, primary, { NODE_CONNECTION: 'link', NODE_API_ENDPOINT: nowhere, STATS_INTERVAL: '1' })
  await enter(primary, node)
  const online = await nodes.first(({ id, session }) => id === node.id && session?.transport === 'LINK')
  t.like(online, { status: 'ONLINE', version: primary.services.version, versionState: 'SAME', missingCapabilities: [] })

  const stats = follow<{ state: string }>(t, primary, 'subscription ($id: ID!) { nodeStats(nodeId: $id) { state } }', { id: node.id })
  await stats.first(({ state }) => state === 'OK')
  const check = await primary.graphql('mutation ($id: ID!) { checkNode(id: $id) { ok error } }', { id: node.id })
  t.deepEqual(check.data.checkNode, { ok: true, error: null })

  const create = 'mutation ($id: ID!, $input: CreateAppInput!) { createApp(nodeId: $id, input: $input) { app { id } operation { id } } }'
  const refused = await primary.graphql(create, { id: node.id, input: { name: 'web', composeContent: 'services: 1' } })
  t.is(refused.errors[0].extensions.code, 'INVALID_INPUT', "the node's refusal keeps its code")
  const name = uniqueName()
  t.teardown(() => removeProject(name))
  const created = await primary.graphql(create, { id: node.id, input: { name, composeContent: webApp(await freePort()) } })
  const { app, operation } = created.data.createApp
  const progress = follow<{ status: string; output: string[] }>(
    t,
    primary,
    'subscription ($id: ID!) { operationProgress(id: $id) { status output } }',
    { id: operation.id },
  )
  await progress.first(({ status }) => status === 'SUCCEEDED', { withinMs: 60_000 })
  const apps = follow<{ id: string; status: string }>(t, primary, 'subscription { appChanged { id status } }')
  await apps.first(({ id, status }) => id === app.id && status === 'RUNNING')
  const removed = follow<string>(t, primary, 'subscription { appRemoved }')
  t.falsy((await primary.graphql('mutation ($id: ID!) { removeApp(id: $id) { operation { id } } }', { id: app.id })).errors)
  await removed.first((id) => id === app.id, { withinMs: 60_000 })
})

test('the primary dials a node that cannot reach it, and a link opens', async (t) => {
  const primary = await runningNode(t)
  const nodes = followNodes(t, primary)
  const node = await runningSecondary(t)
  await enter(primary, node, node.url)
  await nodes.first(({ id, session }) => id === node.id && session?.transport === 'DIRECT')
  const linked = await nodes.first(({ id, session }) => id === node.id && session?.transport === 'LINK')
  t.is(linked.status, 'ONLINE')
  t.is(primary.services.transport.links.get(node.id)?.dialledBy, 'primary')
})

test('with NODE_CONNECTION=direct neither side opens a link', async (t) => {
  const primary = await runningNode(t)
  const nodes = followNodes(t, primary)
  const node = await runningSecondary(t, primary, { NODE_CONNECTION: 'direct' })
  await enter(primary, node, node.url)
  await nodes.first(({ id, session }) => id === node.id && session?.transport === 'DIRECT')
  node.services.home.events.emit('callHome', undefined)
  t.is(primary.services.transport.links.get(node.id), undefined)
})

test('a link needs the same credentials as every internal route, reaches nothing else, and ends when the node is removed', async (t) => {
  const primary = await runningNode(t)
  const node = { id: randomUUID(), key: 'the-key-that-both-share' }
  await enter(primary, node)
  const knock = (headers: Record<string, string>, url = primary.url) =>
    dial(url, headers).then(
      ({ socket }) => (socket.terminate(), 101),
      (error: unknown) => (error instanceof DialError ? error.status : error),
    )
  t.is(await knock({}), 401)
  t.is(await knock(nodeHeaders({ ...node, key: 'another-key-of-nobody' })), 401)
  t.is(await knock(nodeHeaders({ ...node, id: randomUUID() })), 401)
  t.is(await knock({ ...nodeHeaders(node), authorization: 'Bearer x' }), 401)
  t.is(await knock(nodeHeaders(primary)), 409, 'the primary itself')
  t.is(await knock(nodeHeaders(node)), 101)

  const secondary = await runningSecondary(t, undefined, { NODE_CONNECTION: 'direct' })
  t.is(await knock(nodeHeaders({ id: primary.id, key: 'not-its-key' }), secondary.url), 401)
  const { links } = primary.services.transport
  await enter(primary, secondary, secondary.url)
  const wire = await dial(secondary.url, nodeHeaders({ id: primary.id, key: secondary.key }))
  links.use(secondary.id, wire, { dialledBy: 'primary', apiKey: secondary.key })
  const session = links.get(secondary.id)?.session
  if (!session) return t.fail('no link')
  const ask = async (path: string, headers: Record<string, string> = {}) =>
    (await fetchOver(session, { method: 'GET', path, headers, body: undefined, signal: AbortSignal.timeout(10_000) })).status
  t.is(await ask('/api/internal/system/stats', nodeHeaders({ id: primary.id, key: secondary.key })), 200)
  t.is(await ask('/api/internal/system/stats'), 401, 'a link alone is no credential')
  for (const path of ['/graphql', '/api/nodes', '/', '/api/health', '//api/internal/system/stats']) t.is(await ask(path), 404, path)

  for (const path of [
    '/api/internal/../nodes',
    '/api/internal/%2e%2e/nodes',
    '/api/internal/..%2fnodes',
    '/api/internal//../nodes',
    '/api/internal/../../graphql',
  ])
    t.is(await ask(path), 400, path)

  const closed = once(wire.socket, 'close')
  await primary.graphql('mutation ($id: ID!) { removeNode(id: $id) }', { id: secondary.id })
  await closed
  t.is(links.get(secondary.id), undefined)
})

/** The node's end of a link, with the given program data and no real apps. */
async function simulated(primary: RunningNode, node: { id: string; key: string }, about: Record<string, unknown>, apps: App[] = []) {
  return nodeEnd(
    primary.url,
    (request, response) => {
      if (request.url !== '/api/internal/events')
        return void response.end(JSON.stringify(toWire(someStats({ nodeId: node.id, asOf: new Date() }))))
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`data: ${JSON.stringify({ type: 'about', about })}\n\n`)
      response.write(`data: ${JSON.stringify({ type: 'of-a-newer-version', value: 1 })}\n\n`)
      response.write(`data: ${feedEventToJson({ type: 'snapshot', apps, operations: [] })}\n\n`)
    },
    { ...nodeHeaders(node), 'x-node-instance': String(about['instance_id']), 'x-node-host': 'old-host' },
  )
}

const program = (given: Record<string, unknown> = {}) => ({
  version: '0.0.9',
  capabilities: ['link'],
  connection: 'link',
  instance_id: randomUUID(),
  started_at: '2026-01-26T20:00:00Z',
  hostname: 'old-host',
  ...given,
})

test('an app on a node of the previous version is not removed, because that version also deletes its data', async (t) => {
  const primary = await runningNode(t)
  const node = { id: randomUUID(), key: 'the-key-that-both-share' }
  await enter(primary, node)
  const apps = follow<{ id: string }>(t, primary, 'subscription { appChanged { id } }')
  const app = someApp({ nodeId: node.id })
  await simulated(primary, node, program(), [app])
  await apps.first(({ id }) => id === app.id)
  for (const document of [
    'mutation ($id: ID!) { removeApp(id: $id) { operation { id } } }',
    'query ($id: ID!) { appRemoval(id: $id) { omitted } }',
  ]) {
    const { errors } = await primary.graphql(document, { id: app.id })
    t.is(errors?.[0].extensions.code, 'NOT_SUPPORTED')
    t.regex(errors?.[0].message, /runs 0\.0\.9, which lacks removal-keeps-data\. Update it first/)
  }
})

test('a node of the previous version works, and missing capabilities are named', async (t) => {
  const primary = await runningNode(t)
  const nodes = followNodes(t, primary)
  const node = { id: randomUUID(), key: 'the-key-that-both-share' }
  await enter(primary, node)
  await simulated(primary, node, program())
  const seen = await nodes.first(({ id, version }) => id === node.id && version === '0.0.9')
  t.like(seen, { status: 'ONLINE', versionState: 'BEHIND', missingCapabilities: ['key-rotation', 'primary-url', 'removal-keeps-data'] })
  t.is(seen.conditions[0]?.type, 'VERSION_BEHIND')
  t.is((await primary.graphql('mutation ($id: ID!) { checkNode(id: $id) { ok } }', { id: node.id })).data.checkNode.ok, true)
})

test('if two machines have one identity, the first one stays connected and both are named', async (t) => {
  const primary = await runningNode(t)
  const nodes = followNodes(t, primary)
  const node = { id: randomUUID(), key: 'the-key-that-both-share' }
  await enter(primary, node)
  const first = program({ hostname: 'first' })
  const copy = program({ hostname: 'copy' })
  const beat = (about: Record<string, unknown>) =>
    primary.send(`/api/internal/nodes/${node.id}/heartbeat`, {
      method: 'POST',
      headers: { ...nodeHeaders(node), 'x-node-instance': String(about['instance_id']), 'x-node-host': String(about['hostname']) },
      json: { about },
    })
  t.is((await beat(first)).status, 200)
  t.is((await beat(copy)).status, 200, 'it could be a restart')
  t.is((await beat(first)).status, 200)
  const refused = await beat(copy)
  t.is(refused.status, 409)
  t.regex(refused.json.detail, /Another machine uses the identity of this node/)
  const seen = await nodes.first(({ id, conditions }) => id === node.id && conditions.some(({ type }) => type === 'CLONED'))
  const { message } = seen.conditions.find(({ type }) => type === 'CLONED') ?? { message: '' }
  t.regex(message, /first \(127\.0\.0\.1\) and copy \(127\.0\.0\.1\)/)
  t.is(seen.status, 'ONLINE')
  await t.throwsAsync(simulated(primary, node, copy), { message: /another machine uses this node's identity/ })
})
