import { randomUUID } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { toWire } from '../../api/wire.ts'
import { json, peer } from '../helpers/peer.ts'
import { peopleSettings, sessionOf, signIn } from '../helpers/people.ts'
import { runningNode, type RunningNode } from '../helpers/running-node.ts'
import { someApp, someOperation, someStats } from '../helpers/things.ts'

const cordonMutation = 'mutation ($id: ID!) { cordonNode(id: $id, reason: "new disks") { cordon { since by reason until } } }'
const createMutation = `mutation ($id: ID!) {
  createApp(nodeId: $id, input: { name: "late", composeContent: "services: {}" }) { operation { id } }
}`

/** A node in this process that runs one app, starts it on request, and records all requests. */
async function workerOf(t: ExecutionContext, { services }: RunningNode, labels = {}) {
  const id = randomUUID()
  const app = someApp({ nodeId: id })
  const operation = someOperation({ nodeId: id, appId: app.id, kind: 'start', status: 'queued' })
  const worker = await peer(t, ({ method, url }, response) => {
    if (url.endsWith('/stats')) json(response, toWire(someStats({ nodeId: id })))
    else if (method === 'POST' && /\/start(\?|$)/.test(url)) json(response, { app: toWire(app), operation: toWire(operation) }, 202)
    else response.writeHead(404).end()
  })
  await services.membership.register({ id, name: `worker-${id.slice(0, 8)}`, apiEndpoint: worker.url, apiKey: 'key-of-worker', labels })
  services.feed.inventory.apply(id, { type: 'snapshot', apps: [app], operations: [] })
  return { id, app, asked: () => worker.requests.map(({ method, url }) => `${method} ${url}`) }
}

const code = (answer: { errors?: { extensions: { code: string } }[] }) => answer.errors?.[0]?.extensions.code

test('GraphQL and REST refuse new apps on a cordoned node without calling it; its apps keep running', async (t) => {
  const primary = await runningNode(t)
  const worker = await workerOf(t, primary)
  const { data } = await primary.graphql(cordonMutation, { id: worker.id })
  t.like(data.cordonNode.cordon, { reason: 'new disks', until: null })

  const refused = await primary.graphql(createMutation, { id: worker.id })
  t.is(code(refused), 'CONFLICT')
  t.regex(refused.errors[0].message, /^worker-\w+ takes no new apps: .+ cordoned it on \d{4}-.+ \(new disks\)\./)
  const rest = await primary.send(`/api/apps?node_id=${worker.id}`, {
    method: 'POST',
    json: { name: 'late', compose_content: 'services: {}' },
  })
  t.is(rest.status, 409)
  t.is(rest.json.detail, refused.errors[0].message)
  t.false(worker.asked().includes('POST /api/internal/apps'), 'the node was not asked')

  const started = await primary.graphql('mutation ($id: ID!) { startApp(id: $id) { operation { kind } } }', { id: worker.app.id })
  t.is(started.data.startApp.operation.kind, 'START')
  const node = (await primary.send(`/api/nodes/${worker.id}`)).json
  t.like(node, { status: 'online', status_signal: 'manual-check', maintenance: null })
  t.like(node.cordon, { reason: 'new disks', until: null, by: data.cordonNode.cordon.by, since: data.cordonNode.cordon.since })

  await primary.graphql('mutation ($id: ID!) { uncordonNode(id: $id) { id } }', { id: worker.id })
  t.not(code(await primary.graphql(createMutation, { id: worker.id })), 'CONFLICT')
  t.true(worker.asked().includes('POST /api/internal/apps'), 'now the node itself answers')
})

test("the primary's own node can be cordoned too", async (t) => {
  const primary = await runningNode(t)
  await primary.graphql(cordonMutation, { id: primary.id })
  t.is(code(await primary.graphql(createMutation, { id: primary.id })), 'CONFLICT')
  const rest = await primary.send('/api/apps', { method: 'POST', json: { name: 'late', compose_content: 'services: {}' } })
  t.is(rest.status, 409)
  t.regex(rest.json.detail, /takes no new apps/)
})

test('callers limited to some nodes can cordon only those', async (t) => {
  const primary = await runningNode(t, peopleSettings)
  const [own, other] = [await workerOf(t, primary, { env: 'lab' }), await workerOf(t, primary, { env: 'prod' })]
  const operator = await sessionOf(primary, await signIn(primary, 'lab-operator'))
  const allowed = await primary.graphql(cordonMutation, { id: own.id }, operator)
  t.like(allowed.data.cordonNode.cordon, { by: 'lab-operator' })
  t.is(code(await primary.graphql(cordonMutation, { id: other.id }, operator)), 'NOT_FOUND')
  t.is(primary.services.members.registry.get(other.id).cordon, null)
})

test('nodes can be filtered by cordon and maintenance, apps by the labels of their nodes', async (t) => {
  const primary = await runningNode(t)
  const [lab, prod] = [await workerOf(t, primary, { env: 'lab', rack: '1' }), await workerOf(t, primary, { env: 'prod', rack: '1' })]
  await primary.graphql(cordonMutation, { id: lab.id })
  await primary.graphql('mutation ($id: ID!) { startMaintenance(id: $id) { id } }', { id: prod.id })
  const nodes = async (filter: string) => {
    const { data } = await primary.graphql(`{ nodes(filter: { ${filter} }) { nodes { id } } }`)
    return data.nodes.nodes.map(({ id }: { id: string }) => id).toSorted()
  }
  t.deepEqual(await nodes('cordoned: true'), [lab.id])
  t.deepEqual(await nodes('cordoned: false'), [primary.id, prod.id].toSorted())
  t.deepEqual(await nodes('maintenance: true'), [prod.id])
  t.deepEqual(await nodes('maintenance: true, cordoned: true'), [])
  t.is((await nodes('cordoned: null')).length, 3)
  const apps = async (labels: string) => {
    const { data } = await primary.graphql(`{ apps(filter: { labels: ${labels} }) { totalCount nodes { node { id } } } }`)
    return data.apps.nodes.map(({ node }: { node: { id: string } }) => node.id).toSorted()
  }
  t.deepEqual(await apps('[{ key: "env", value: "lab" }]'), [lab.id])
  t.deepEqual(await apps('[{ key: "rack", value: "1" }]'), [lab.id, prod.id].toSorted())
  t.deepEqual(await apps('[{ key: "rack", value: "1" }, { key: "env", value: "prod" }]'), [prod.id])
  t.deepEqual(await apps('[{ key: "env", value: "none" }]'), [])
})
