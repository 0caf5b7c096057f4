import { randomUUID } from 'node:crypto'
import test from 'ava'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { clusterWide, leastRole } from '../../api/auth/permissions.ts'
import { actionTakenBy } from '../helpers/declared-actions.ts'
import { fullDocument } from '../helpers/full-document.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { callOperation, type Things } from '../helpers/operation-call.ts'
import { peopleSettings, sessionOf, signIn, tokenOf } from '../helpers/people.ts'
import { routesOf } from '../helpers/routes.ts'
import { runningNode, type RunningNode } from '../helpers/running-node.ts'
import { graphqlFields, unknownId } from '../helpers/sample-document.ts'
import { createSeen } from '../helpers/seen.ts'
import { someApp, someContainer, someNodeContainer, someOperation, someStats } from '../helpers/things.ts'

interface Env extends Things {
  name: string
  /** Reports apps and operations like the node itself. */
  tell(): void
}

/** A node that does not answer, with `<env>` in all its texts. */
async function nodeWith({ services }: RunningNode, env: string): Promise<Env> {
  const nodeId = randomUUID()
  const name = `${env}-node`
  await services.members.registry.register({
    id: nodeId,
    name,
    apiEndpoint: `http://${env}.invalid:9`,
    apiKey: 'key-of-a-member',
    labels: { env },
  })
  const app = someApp({ nodeId, name: `${env}-app`, composeContent: `# ${env}`, containers: [someContainer({ name: `${env}-web-1` })] })
  const operation = someOperation({ nodeId, appId: app.id, appName: app.name, output: [`${env} is up`] })
  const tell = (): void => {
    services.feed.inventory.apply(nodeId, { type: 'snapshot', apps: [app], operations: [operation] })
    services.feed.inventory.apply(nodeId, { type: 'operation', operation })
    services.feed.inventory.apply(nodeId, { type: 'stats', stats: someStats({ nodeId }) })
    tellOfThings(services, nodeId, `${env}-web`)
  }
  tell()
  return { nodeId, appId: app.id, operationId: operation.id, name, tell }
}

/** A container, an image, a volume and a network of this name. */
function tellOfThings({ feed }: RunningNode['services'], nodeId: string, name: string): void {
  const [createdAt, ofNoApp] = [new Date(), { project: null, appId: null }]
  const image = { id: `sha256:${name}`, tags: [name], digests: [], heldFor: [], sizeBytes: 1, createdAt }
  const volume = { id: name, driver: 'local', labels: [{ name, value: name }], isAnonymous: false, createdAt, ...ofNoApp }
  const network = { id: name, name, driver: 'bridge', subnets: [], isInternal: false, isBuiltIn: false, createdAt, ...ofNoApp }
  feed.inventory.apply(nodeId, {
    type: 'things',
    kind: 'container',
    list: [someNodeContainer({ name, networks: [name], volumes: [name] })],
  })
  for (const [kind, thing] of Object.entries({ image, volume, network }) as ['image', typeof image][])
    feed.inventory.apply(nodeId, { type: 'things', kind, list: [thing] })
}

async function setUp(t: Parameters<typeof runningNode>[0]) {
  const clock = createManualClock(new Date())
  const node = await runningNode(t, peopleSettings, { clock })
  const [lab, prod] = [await nodeWith(node, 'lab'), await nodeWith(node, 'prod')]
  const [operator, admin] = [await signIn(node, 'lab-operator'), await signIn(node, 'lab-admin')]
  /** Both nodes have answered and are lost for long enough to raise an alarm each. */
  function loseBoth(): void {
    for (const { nodeId } of [prod, lab]) {
      node.services.members.registry.observe(nodeId, { kind: 'heartbeat' })
      for (let failures = 0; failures < 3; failures += 1)
        node.services.members.registry.observe(nodeId, {
          kind: 'check-failed',
          by: 'check',
          startedAt: clock.now(),
          reason: 'it does not answer',
        })
    }
    clock.advance(3000)
  }
  return { node, lab, prod, operator, admin, loseBoth }
}

/** Names and texts, not ids: queries contain the ids, so answers can repeat them. */
const tellsOfProd = /prod-(node|app|web)|# prod|prod is up|prod\.invalid/

const readsOneThing = [
  'GET /api/nodes/:id',
  'GET /api/apps/:id',
  'query node',
  'query app',
  'query operation',
  'subscription nodeStats',
  'subscription operationProgress',
]

/** Every route and mutation that takes an action on a thing of one node, and is open to callers limited to some nodes. */
async function actsOnOneThing({ services }: RunningNode): Promise<string[]> {
  const operations = [...(await routesOf(services)).map(({ method, path }) => `${method} ${path}`), ...graphqlFields()]
  return operations.filter((operation) => {
    const action = actionTakenBy(operation)
    return action?.on !== undefined && !clusterWide.has(action.permission)
  })
}

const isForAdmins = (operation: string): boolean => {
  const action = actionTakenBy(operation)
  return action !== undefined && leastRole[action.permission] === 'admin'
}

const lists = [
  'GET /api/nodes',
  'GET /api/apps',
  'GET /api/system/stats',
  'query nodes',
  'query apps',
  'query operations',
  'query containers',
  'query images',
  'query volumes',
  'query networks',
  'query systemStats',
  'subscription nodeStatusChanged',
  'subscription nodeStatsChanged',
  'subscription appChanged',
]
/** Refused with the same message whether the node exists or not. */
const forNobodyLimited = ['PUT /api/nodes/:id', 'DELETE /api/nodes/:id', 'mutation updateNode', 'mutation removeNode']

test('for callers limited to some nodes, everything on other nodes does not exist', async (t) => {
  const { node, lab, prod, operator, admin } = await setUp(t)
  const { authorization } = await tokenOf(node, operator, 'operator')
  const session = await sessionOf(node, operator)
  const aboutOneThing = [...readsOneThing, ...(await actsOnOneThing(node))]
  t.true(aboutOneThing.includes('mutation stopApp') && aboutOneThing.includes('POST /api/apps/:id/stop'))
  const nothing: Things = { nodeId: randomUUID(), appId: randomUUID(), operationId: randomUUID() }
  const adminSession = await sessionOf(node, admin)
  for (const headers of [session, adminSession, { authorization }]) {
    const call = (operation: string, things: Things) => callOperation({ url: node.url, operation, headers, things })
    for (const operation of aboutOneThing) {
      const isTheirs = headers === adminSession || !isForAdmins(operation)
      t.is((await call(operation, lab)).reached, isTheirs ? 'in' : 'denied', operation)
      if (!isTheirs) continue
      const unseen = await call(operation, prod)
      t.is(unseen.reached, 'missing', operation)
      t.notRegex(unseen.answer, tellsOfProd, operation)
    }
    for (const operation of lists) {
      const { answer } = await call(operation, lab)
      t.regex(answer, /lab/, operation)
      t.notRegex(answer, tellsOfProd, operation)
    }
    for (const operation of forNobodyLimited) {
      const [known, unknown] = [await call(operation, prod), await call(operation, nothing)]
      t.deepEqual([known.reached, known.answer], ['denied', unknown.answer], operation)
    }
  }
  const stats = await node.graphql(
    'query ($ids: [ID!]) { systemStats(nodeIds: $ids) { nodeId state error cpu { cores } } }',
    { ids: [prod.nodeId, lab.nodeId] },
    session,
  )
  t.like(stats.data.systemStats[0], { state: 'ERROR', cpu: null, error: `There is no node with id ${prod.nodeId}` })
  t.like(stats.data.systemStats[1], { state: 'STALE', cpu: { cores: 4 } })
  const filtered = await node.graphql(
    'query ($ids: [ID!]) { apps(filter: { nodeIds: $ids }) { totalCount } operations(filter: { nodeIds: $ids }) { totalCount } nodes { totalCount } }',
    { ids: [prod.nodeId] },
    session,
  )
  t.deepEqual(filtered.data, { apps: { totalCount: 0 }, operations: { totalCount: 0 }, nodes: { totalCount: 1 } })
})

test('callers get alarms only for nodes they can see', async (t) => {
  const { node, operator, loseBoth } = await setUp(t)
  loseBoth()
  const messagesFor = async (user: { id: string }): Promise<string[]> => {
    const { data } = await node.graphql('{ alarms { message } }', {}, await sessionOf(node, user))
    return data.alarms.map(({ message }: { message: string }) => message).toSorted()
  }
  t.deepEqual(await messagesFor(operator), ['lab-node is offline: it does not answer'])
  t.deepEqual(
    await messagesFor(await signIn(node, 'admin')),
    ['lab-node', 'prod-node'].map((name) => `${name} is offline: it does not answer`),
  )
})

test('subscriptions send nothing about hidden nodes: no state, no changes, no removals', async (t) => {
  const { node, lab, prod, operator, loseBoth } = await setUp(t)
  const { services } = node
  const headers = await sessionOf(node, operator)
  class WithCookie extends WebSocket {
    constructor(url: string, protocol: string) {
      super(url, protocol, { headers })
    }
  }
  const client = createClient({ url: `${node.url.replace('http', 'ws')}/graphql`, webSocketImpl: WithCookie, retryAttempts: 0 })
  t.teardown(() => client.dispose())
  const told = createSeen<string>('what the lab operator is told')
  for (const operation of graphqlFields().filter((each) => each.startsWith('subscription '))) {
    const name = operation.split(' ')[1] ?? ''
    const id = name === 'nodeStats' ? lab.nodeId : lab.operationId
    const query = fullDocument('subscription', name).replaceAll(unknownId, id)
    const sink = {
      next: (value: unknown) => told.push(JSON.stringify(value)),
      error: (error: unknown) => told.fail(new Error(JSON.stringify(error))),
      complete: () => undefined,
    }
    client.subscribe({ query }, sink)
  }
  await told.first((text) => text.includes('lab-node'))
  await told.first((text) => text.includes('nodeStats'))
  await told.first((text) => text.includes('operationProgress'))
  await told.first((text) => text.includes('appChanged'))

  loseBoth()
  await told.first((text) => text.includes('alarmsChanged') && text.includes('lab-node is offline'))
  for (const { nodeId, tell } of [prod, lab]) {
    tell()
    services.members.registry.observe(nodeId, { kind: 'check-failed', by: 'check', startedAt: new Date(), reason: 'it does not answer' })
    services.feed.inventory.apply(nodeId, { type: 'snapshot', apps: [], operations: [] })
    await services.membership.remove(nodeId)
  }
  const isRemoval = (name: string, id: string) => (text: string) => text.includes(`"${name}":"${id}"`)
  await told.first(isRemoval('appRemoved', lab.appId))
  await told.first(isRemoval('nodeRemoved', lab.nodeId))
  const ofProd = told.values.filter(
    (text) => [prod.nodeId, prod.appId, prod.operationId].some((id) => text.includes(id)) || tellsOfProd.test(text),
  )
  t.deepEqual(ofProd, [])
})
