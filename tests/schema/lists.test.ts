import { randomUUID } from 'node:crypto'
import test, { type ExecutionContext } from 'ava'
import { administrator, peopleSettings, sessionOf, signIn } from '../helpers/people.ts'
import { runningNode, type RunningNode } from '../helpers/running-node.ts'
import { someApp, someContainer, someOperation, someStats } from '../helpers/things.ts'

/** A node that is online for this primary, with these apps. */
async function withNode(
  { services }: RunningNode,
  { name, labels = {}, apps = [] }: { name: string; labels?: Record<string, string>; apps?: Partial<Parameters<typeof someApp>[0]>[] },
): Promise<string> {
  const id = randomUUID()
  await services.members.registry.register({ id, name, apiEndpoint: 'http://127.0.0.1:9', apiKey: `key-of-${name}`, labels })
  services.members.registry.observe(id, { kind: 'heartbeat' })
  services.feed.inventory.apply(id, { type: 'snapshot', apps: apps.map((app) => someApp({ ...app, nodeId: id })), operations: [] })
  return id
}

const web = (image: string, hostPort: number) => [
  someContainer({ image, ports: [{ hostIp: '0.0.0.0', hostPort, containerPort: 80, protocol: 'tcp' }] }),
]

async function threeNodes(t: ExecutionContext): Promise<RunningNode> {
  const node = await runningNode(t)
  const apps = [
    { name: 'alpha', containers: web('nginx:1.29', 8001) },
    { name: 'beta', status: 'error' as const, containers: web('ghcr.io/shop/api:3', 8002) },
    { name: 'gamma', status: 'stopped' as const, desiredState: 'stopped' as const, containers: [] },
    { name: 'delta', status: 'stopped' as const, containers: [] },
  ]
  await withNode(node, { name: 'birch', labels: { env: 'home' }, apps })
  await withNode(node, {
    name: 'cedar',
    labels: { env: 'lab' },
    apps: [{ name: 'epsilon', status: 'degraded', containers: web('redis:8', 8003) }],
  })
  return node
}

interface Apps {
  nodes: { name: string }[]
  statusCounts: { status: string; count: number }[]
  pageInfo: { hasNextPage: boolean; endCursor: string }
}
async function appsOf(node: RunningNode, args: string): Promise<Apps> {
  const query = `{ apps(${args}) { nodes { name } statusCounts { status count } pageInfo { hasNextPage endCursor } } }`
  const { data, errors } = await node.graphql(query)
  if (errors) throw new Error(errors[0].message)
  return data.apps
}
const namesOf = ({ nodes }: Apps): string[] => nodes.map(({ name }) => name)

test('a list of apps shows trouble first, over all of its pages', async (t) => {
  const node = await threeNodes(t)
  const names: string[] = []
  let after = ''
  for (;;) {
    const page = await appsOf(node, `first: 2, sort: TROUBLE${after && `, after: "${after}"`}`)
    names.push(...namesOf(page))
    if (!page.pageInfo.hasNextPage) break
    after = page.pageInfo.endCursor
  }
  t.deepEqual(names, ['beta', 'epsilon', 'delta', 'alpha', 'gamma'])
  t.deepEqual(namesOf(await appsOf(node, 'sort: NODE')), ['alpha', 'beta', 'delta', 'gamma', 'epsilon'])
})

test('apps are found by name, image, port, node and label, each word somewhere', async (t) => {
  const node = await threeNodes(t)
  for (const [search, found] of [
    ['ALPHA', ['alpha']],
    ['ghcr.io/shop', ['beta']],
    ['8003', ['epsilon']],
    ['cedar', ['epsilon']],
    ['env=home nginx', ['alpha']],
    ['env=lab nginx', []],
  ] as const) {
    t.deepEqual(namesOf(await appsOf(node, `filter: { search: "${search}" }`)), [...found], search)
  }
})

test('apps are counted by status over all pages, whatever statuses are asked for', async (t) => {
  const node = await threeNodes(t)
  const { nodes, statusCounts } = await appsOf(node, 'first: 1, filter: { status: [ERROR], labels: [{ key: "env", value: "home" }] }')
  t.is(nodes.length, 1)
  t.deepEqual(
    statusCounts.toSorted((a, b) => a.status.localeCompare(b.status)),
    [
      { status: 'ERROR', count: 1 },
      { status: 'RUNNING', count: 1 },
      { status: 'STOPPED', count: 2 },
    ],
  )
})

test('a list of nodes shows trouble first, finds by label and counts', async (t) => {
  const node = await threeNodes(t)
  const { registry } = node.services.members
  await registry.register({ id: randomUUID(), name: 'zelkova', apiEndpoint: 'http://127.0.0.1:9', apiKey: 'key-of-zelkova' })
  const { data } = await node.graphql(`{
    all: nodes(sort: TROUBLE) { nodes { name } statusCounts { status count } }
    lab: nodes(filter: { search: "env=lab", status: [OFFLINE] }) { nodes { name } statusCounts { status count } }
  }`)
  t.is(data.all.nodes[0].name, 'zelkova')
  t.deepEqual(
    data.all.statusCounts.find(({ status }: { status: string }) => status === 'OFFLINE'),
    { status: 'OFFLINE', count: 1 },
  )
  t.deepEqual(data.lab, { nodes: [], statusCounts: [{ status: 'ONLINE', count: 1 }] })
})

test('the newest operation of each app can be asked for', async (t) => {
  const node = await runningNode(t)
  const nodeId = await withNode(node, { name: 'birch', apps: [{ id: 'a' }, { id: 'b', name: 'shop' }] })
  const at = (minute: number) => new Date(Date.now() - minute * 60_000)
  const operation = (appId: string, minute: number, status: 'failed' | 'succeeded') =>
    someOperation({ nodeId, appId, status, id: `${appId}-${minute}`, createdAt: at(minute) })
  const operations = [
    operation('a', 9, 'failed'),
    operation('a', 2, 'succeeded'),
    operation('b', 8, 'succeeded'),
    operation('b', 1, 'failed'),
  ]
  const apps = [someApp({ nodeId, id: 'a' }), someApp({ nodeId, id: 'b', name: 'shop' })]
  node.services.feed.inventory.apply(nodeId, { type: 'snapshot', apps, operations })
  const { data } = await node.graphql('{ operations(filter: { latest: true, status: [FAILED] }) { nodes { id } } }')
  t.deepEqual(data.operations.nodes, [{ id: 'b-1' }])
})

test('recent events are the operations and changes of status of the nodes that someone sees, newest first', async (t) => {
  const node = await runningNode(t, peopleSettings)
  const home = await withNode(node, { name: 'birch', labels: { env: 'home' } })
  const lab = await withNode(node, { name: 'cedar', labels: { env: 'lab' } })
  for (const nodeId of [home, lab]) {
    const operation = someOperation({ nodeId, appId: `app-${nodeId}`, createdAt: new Date(Date.now() - 60_000) })
    const apps = [someApp({ nodeId, id: `app-${nodeId}` })]
    node.services.feed.inventory.apply(nodeId, { type: 'snapshot', apps, operations: [operation] })
  }
  const query = '{ recentEvents(first: 50) { at node { name } status operation { kind } } }'
  interface Event {
    at: string
    node: { name: string }
    status: string | null
    operation: { kind: string } | null
  }
  const { data } = await node.graphql(query, {}, await administrator(node))
  const events: Event[] = data.recentEvents
  t.deepEqual(
    events.map(({ at }) => at),
    events
      .map(({ at }) => at)
      .toSorted()
      .toReversed(),
  )
  t.true(events.some(({ node: { name }, status }) => name === 'birch' && status === 'ONLINE'))
  t.deepEqual(events.flatMap(({ node: { name }, operation }) => (operation ? name : [])).toSorted(), ['birch', 'cedar'])
  const headers = await sessionOf(node, await signIn(node, 'lab-operator'))
  const seen = await node.graphql(query, {}, headers)
  t.deepEqual([...new Set(seen.data.recentEvents.map((event: Event) => event.node.name))], ['cedar'])
  const { errors } = await node.graphql('{ recentEvents(first: 51) { at } }', {}, headers)
  t.like(errors[0].extensions, { code: 'INVALID_INPUT', fields: [{ field: 'first' }] })
})

test('recent usage is of the busiest nodes, the busiest first, without asking them', async (t) => {
  const node = await runningNode(t)
  const calm = await withNode(node, { name: 'calm' })
  const busy = await withNode(node, { name: 'busy' })
  const stats = (nodeId: string, usagePercent: number) =>
    someStats({ nodeId, asOf: new Date(), cpu: { usagePercent, cores: 4 }, disks: [] })
  node.services.feed.inventory.apply(calm, { type: 'stats', stats: stats(calm, 50) })
  node.services.feed.inventory.apply(busy, { type: 'stats', stats: stats(busy, 97) })
  const query = `query ($first: Int) { recentUsage(hours: 1, first: $first) {
    node { name } history { error stepSeconds series { kind metrics { name values } } } } }`
  const { data } = await node.graphql(query, { first: 1 })
  t.is(data.recentUsage.length, 1)
  const [{ node: first, history }] = data.recentUsage
  t.is(first.name, 'busy')
  const cpu = history.series[0].metrics.find(({ name }: { name: string }) => name === 'CPU')
  t.is(
    cpu.values.findLast((value: number | null) => value !== null),
    97,
  )
  const { errors } = await node.graphql(query, { first: 21 })
  t.like(errors[0].extensions, { code: 'INVALID_INPUT', fields: [{ field: 'first' }] })
})
