import test, { type ExecutionContext } from 'ava'
import {
  allApps,
  change,
  createApp,
  eventually,
  followApps,
  followNodes,
  followToEnd,
  register,
  secondaryOf,
  webApp,
} from '../helpers/cluster.ts'
import { ensureTestImage, uniqueName } from '../helpers/docker.ts'
import { freePort } from '../helpers/free-port.ts'
import { ask, follow, GraphqlFailure } from '../helpers/graphql.ts'
import { nodeProcess, type NodeProcess } from '../helpers/node-process.ts'
import { pageNow, pageOf } from '../helpers/page.ts'

interface StatsAnswer {
  systemStats: {
    nodeId: string
    state: string
    error: string | null
    containers: { appName: string | null; state: string; memoryBytes: number }[]
  }[]
}

const statsQuery = '{ systemStats { nodeId state error containers { appName state memoryBytes } } }'

test('a primary deploys to one of two secondaries, sees it fail and recover, and manages its app to the end', async (t) => {
  t.timeout(120_000)
  await ensureTestImage()
  const cluster = await startCluster(t)
  const [first] = cluster.ids
  const name = uniqueName()
  const port = await freePort()

  const apps = followApps(t, cluster.primary)
  const { app, operation } = await createApp(cluster.primary, first, { name, composeContent: webApp(port) })
  t.is(app.node.name, 'worker-1')
  const { last, states } = await followToEnd(t, cluster.primary, operation)
  t.is(last.status, 'SUCCEEDED', last.error ?? '')
  t.is(last.progress, 100)
  t.true(last.output.length > 0, "Compose's output is kept")
  t.deepEqual(
    states.map(({ progress }) => progress).toSorted((a, b) => a - b),
    states.map(({ progress }) => progress),
    'progress never goes backwards',
  )
  const running = await apps.first(({ id, status }) => id === app.id && status === 'RUNNING')
  t.like(running, { containers: { 0: { service: 'web', state: 'RUNNING', ports: { 0: { hostPort: port } } } } })
  t.regex(await pageOf(port), /Welcome/)
  await everyNodeHasStats(t, cluster, name)

  await losesAndFinds(t, cluster, app.id, port)

  await stopsStartsRemoves(t, cluster.primary, app.id, port)
  await logsAreInWords(t, cluster)
})

type Cluster = Awaited<ReturnType<typeof startCluster>>

async function startCluster(t: ExecutionContext) {
  const primary = await nodeProcess(t, { NODE_NAME: 'primary' })
  const workers = [await secondaryOf(t, primary, 'worker-1'), await secondaryOf(t, primary, 'worker-2')] as const
  await Promise.all([primary, ...workers].map((node) => node.start()))
  const nodes = followNodes(t, primary)
  await nodes.first(({ name, status }) => name === 'primary' && status === 'ONLINE')

  // The guide's order: a secondary is refused until it is registered, then connects by itself.
  const refused = await workers[0].logged('heartbeat failed')
  t.regex(String(refused['reason']), /401/)
  const registered = await Promise.all(workers.map((worker) => register(primary, worker)))
  t.deepEqual(
    registered.map(({ name, status }) => [name, status]),
    [
      ['worker-1', 'ONLINE'],
      ['worker-2', 'ONLINE'],
    ],
  )
  for (const { id } of registered) await nodes.first((node) => node.id === id && node.status === 'ONLINE')
  for (const worker of workers) await worker.logged('startup heartbeat sent successfully to primary')
  return { primary, workers, nodes, ids: registered.map(({ id }) => id) as [string, string] }
}

async function everyNodeHasStats(t: ExecutionContext, { primary, ids }: Cluster, appName: string): Promise<void> {
  const [first] = ids
  // A node is measured every second while somebody watches it.
  follow(t, primary, 'subscription ($id: ID!) { nodeStats(nodeId: $id) { state } }', { id: first })
  const { systemStats } = await eventually(
    () => ask<StatsAnswer>(primary, statsQuery),
    (answer) => answer.systemStats.some(({ nodeId, containers }) => nodeId === first && containers.some((c) => c.appName === appName)),
  )
  t.is(systemStats.length, 3)
  t.deepEqual(
    systemStats.map(({ state, error }) => [state, error]),
    Array(3).fill(['OK', null]),
  )
  const ofApp = systemStats.find(({ nodeId }) => nodeId === first)?.containers.filter((container) => container.appName === appName)
  t.like(ofApp, { length: 1, 0: { state: 'RUNNING' } })
  t.true((ofApp?.[0]?.memoryBytes ?? 0) > 0)
}

/** The app's node is killed. The client sees that, new work is refused, and the node comes back with its own heartbeat. */
async function losesAndFinds(t: ExecutionContext, { primary, workers, nodes, ids }: Cluster, appId: string, port: number): Promise<void> {
  const [worker] = workers
  const [id] = ids
  const apps = followApps(t, primary)
  const before = nodes.values.length
  await worker.kill()
  const lostAt = performance.now()
  const offline = await nodes.first((node) => node.id === id && node.status === 'OFFLINE', { from: before })
  t.true(performance.now() - lostAt < 8000, 'seen within seconds, not at the next scheduled check')
  t.regex(offline.statusReason ?? '', /connection refused at 127\.0\.0\.1/)
  t.is(offline.consecutiveFailures, 3)
  const unknown = await apps.first((app) => app.id === appId && app.status === 'UNKNOWN')
  t.is(unknown.lastKnownStatus, 'RUNNING')
  t.regex(unknown.statusReason ?? '', /worker-1 is offline/)
  t.regex(await pageOf(port), /Welcome/, 'the app itself keeps running')

  const elsewhere = createApp(primary, id, { name: uniqueName(), composeContent: webApp(await freePort()) })
  const refusal = await t.throwsAsync(elsewhere, { instanceOf: GraphqlFailure })
  t.is(refusal.code, 'NODE_UNREACHABLE')
  for (const node of [primary, workers[1]])
    t.deepEqual(
      (await allApps(node)).map((app) => app.id),
      node === primary ? [appId] : [],
    )

  const [fromNode, fromApp, fromLog] = [nodes.values.length, apps.values.length, primary.log.values.length]
  await worker.start()
  await nodes.first((node) => node.id === id && node.status === 'ONLINE', { from: fromNode })
  await apps.first((app) => app.id === appId && app.status === 'RUNNING', { from: fromApp })
  const checks = primary.log.values.slice(fromLog).filter(({ msg, node }) => msg === 'health check completed' && node === 'worker-1')
  t.deepEqual(checks, [], 'its heartbeat brought it back, not a check')
}

async function stopsStartsRemoves(t: ExecutionContext, primary: NodeProcess, id: string, port: number): Promise<void> {
  const apps = followApps(t, primary)
  const stop = await followToEnd(t, primary, await change(primary, 'stopApp', id))
  t.is(stop.last.status, 'SUCCEEDED', stop.last.error ?? '')
  await apps.first((app) => app.id === id && app.status === 'STOPPED')
  await t.throwsAsync(pageNow(port))

  const from = apps.values.length
  const start = await followToEnd(t, primary, await change(primary, 'startApp', id))
  t.is(start.last.status, 'SUCCEEDED', start.last.error ?? '')
  await apps.first((app) => app.id === id && app.status === 'RUNNING', { from })
  t.regex(await pageOf(port), /Welcome/)

  const remove = await followToEnd(t, primary, await change(primary, 'removeApp', id))
  t.is(remove.last.status, 'SUCCEEDED', remove.last.error ?? '')
  t.deepEqual(
    await eventually(
      () => allApps(primary),
      (left) => left.length === 0,
    ),
    [],
  )
  await t.throwsAsync(pageNow(port))
}

/** The log lines that operators grep for are there verbatim, and no log contains a secret. */
async function logsAreInWords(t: ExecutionContext, { primary, workers, ids }: Cluster): Promise<void> {
  const [worker] = workers
  const identity = await worker.identity()
  t.like(await worker.logged('node identity'), { id: ids[0], name: 'worker-1', role: 'secondary' })
  t.like(await worker.logged('sending startup heartbeat to primary'), { url: primary.url })
  t.truthy(await worker.logged('startup heartbeat sent successfully to primary'))
  t.like(await primary.logged('node identity'), { name: 'primary', role: 'primary' })
  t.like(await primary.logged('background tasks started'), { health_check_interval: '30s' })
  t.regex(String((await primary.logged('health check completed'))['duration']), /^\d+ms$/)
  const failed = await primary.logged('health check failed')
  t.is(failed['node'], 'worker-1')
  t.regex(String(failed['error']), /connection refused/)
  t.is(identity.id, ids[0])

  const everything = [primary, ...workers].flatMap(({ printed }) => printed).join('\n')
  for (const node of [primary, ...workers]) t.false(everything.includes((await node.identity()).key), 'a key is in a log')
  const bugs = [primary, ...workers].flatMap(({ log }) => log.values.filter(({ level }) => level === 'error' || level === 'fatal'))
  t.deepEqual(bugs, [])
}
