import test from 'ava'
import type { NodeStats } from '../../../api/monitoring/node-stats.ts'
import { someApp, someContainer, someOperation, someStats } from '../../helpers/things.ts'
import { watchedCluster } from '../../helpers/watched-cluster.ts'

const minute = 60_000
const hour = 60 * minute

test('an app has one alarm after its grace, with since and reason, and none when it is well', async (t) => {
  const cluster = await watchedCluster(t)
  const { clock, alarms, inventory } = cluster
  const nodeId = await cluster.addNode()
  const app = someApp({ nodeId })
  cluster.tells(nodeId, app)
  const since = clock.now()
  const sick = { ...app, status: 'degraded' as const, statusReason: 'service web is unhealthy' }
  inventory.apply(nodeId, { type: 'app', app: sick })
  await cluster.passes(minute)
  t.deepEqual(alarms.list(), [])

  await cluster.passes(minute)
  const [alarm] = alarms.list()
  t.like(alarm, { kind: 'app-unhealthy', nodeId, appId: app.id, since, message: 'web is not healthy: service web is unhealthy' })

  inventory.apply(nodeId, { type: 'app', app: { ...sick, status: 'updating' } })
  t.deepEqual(cluster.kinds(), ['app-unhealthy'], 'stays while an operation runs')
  inventory.apply(nodeId, { type: 'app', app: sick })
  inventory.apply(nodeId, { type: 'app', app })
  t.deepEqual(cluster.kinds(), ['app-unhealthy'], 'stays until the app is well for a minute')
  await cluster.passes(minute)
  t.deepEqual(cluster.kinds(), [])
  await alarms.flush()
  t.deepEqual(cluster.changes, ['app-unhealthy: begins', 'app-unhealthy: web is well again'])
})

test('an app that is well for moments only has one alarm, and a stopped one has none', async (t) => {
  const cluster = await watchedCluster(t)
  const { inventory } = cluster
  const nodeId = await cluster.addNode()
  const app = someApp({ nodeId })
  cluster.tells(nodeId, app)
  const is = async (status: 'error' | 'running' | 'stopped', ms: number) => {
    inventory.apply(nodeId, { type: 'app', app: { ...app, status, statusReason: 'x' } })
    await cluster.passes(ms)
  }
  for (let i = 0; i < 20; i++) {
    await is('error', 40_000)
    await is('running', 30_000)
  }
  t.deepEqual(cluster.kinds(), ['app-unhealthy'])
  await is('error', 0)
  await is('stopped', 0)
  await cluster.alarms.flush()
  t.deepEqual(cluster.changes, ['app-unhealthy: begins', 'app-unhealthy: web was stopped'])
})

test('an alarm of a kind that this version does not have ends at its start', async (t) => {
  const cluster = await watchedCluster(t)
  await cluster.database.em
    .fork()
    .getConnection()
    .execute(`insert into "alarms" ("id", "kind", "part", "message", "since") values ('gone 1', 'gone', '', 'x', ?)`, [
      cluster.clock.now().getTime(),
    ])
  const later = await cluster.again()
  await later.alarms.flush()
  t.deepEqual(later.changes, ['gone: This version of Selfhostly has no such alarm'])
  t.deepEqual(await later.database.em.fork().execute('select "id" from "alarms"'), [])
})

test('a dead node has one alarm, and the alarms of its apps wait unseen until it has told all', async (t) => {
  const cluster = await watchedCluster(t)
  const { registry } = cluster
  const nodeId = await cluster.addNode()
  const sick = someApp({ nodeId, status: 'error', statusReason: 'service web exited (1)' })
  const other = someApp({ nodeId, name: 'shop' })
  cluster.tells(nodeId, sick, other)
  await cluster.passes(2 * minute)
  t.deepEqual(cluster.kinds(), ['app-unhealthy'])

  cluster.fails(nodeId)
  await cluster.passes(hour)
  t.deepEqual(cluster.kinds(), ['node-down'])

  registry.observe(nodeId, { kind: 'heartbeat' })
  t.deepEqual(cluster.kinds(), ['app-unhealthy'])
  cluster.tells(nodeId, { ...sick, status: 'running', statusReason: null }, other)
  await cluster.passes(minute)
  t.deepEqual(cluster.kinds(), [])
  await cluster.alarms.flush()
  t.deepEqual(cluster.changes, [
    'app-unhealthy: begins',
    'node-down: begins',
    'node-down: It answers again, or is in maintenance',
    'app-unhealthy: web is well again',
  ])
})

test('maintenance raises none and hides those that are open', async (t) => {
  const cluster = await watchedCluster(t)
  const nodeId = await cluster.addNode()
  const first = someApp({ nodeId, status: 'degraded', statusReason: 'x' })
  const second = someApp({ nodeId, name: 'shop' })
  cluster.tells(nodeId, first, second)
  await cluster.passes(2 * minute)
  await cluster.holds.startMaintenance(nodeId, 'alice', {})
  cluster.inventory.apply(nodeId, { type: 'app', app: { ...second, status: 'error', statusReason: 'y' } })
  await cluster.passes(hour)
  t.deepEqual(cluster.kinds(), [])

  await cluster.holds.endMaintenance(nodeId, 'alice')
  t.deepEqual(
    cluster.alarms.list().map(({ appId }) => appId),
    [first.id],
  )
  await cluster.passes(2 * minute)
  t.is(cluster.alarms.list().length, 2)
})

test('alarms end when their app or node is removed, also while nothing listened', async (t) => {
  const cluster = await watchedCluster(t)
  const [one, two] = [await cluster.addNode('w1'), await cluster.addNode('w2')]
  const sick = { status: 'error' as const, statusReason: 'x' }
  const apps = [someApp({ nodeId: one, ...sick }), someApp({ nodeId: one, name: 'b', ...sick })] as const
  cluster.tells(one, ...apps)
  cluster.tells(two, someApp({ nodeId: two, name: 'c', ...sick }))
  await cluster.passes(2 * minute)
  t.is(cluster.alarms.list().length, 3)
  cluster.inventory.apply(one, { type: 'app-removed', id: apps[0].id })
  await cluster.registry.remove(two)
  t.deepEqual(
    cluster.alarms.list().map(({ appId }) => appId),
    [apps[1].id],
  )

  const later = await cluster.again()
  t.deepEqual(
    later.alarms.list().map(({ appId }) => appId),
    [apps[1].id],
    'restored',
  )
  later.tells(one)
  t.deepEqual(later.kinds(), [])
  await later.alarms.flush()
  t.deepEqual(later.changes, ['app-unhealthy: The app was removed'])
})

test('a failed deploy is an alarm until a later one succeeds, and explains why the app is unwell', async (t) => {
  const cluster = await watchedCluster(t)
  const { inventory, clock } = cluster
  const nodeId = await cluster.addNode()
  const app = someApp({ nodeId, status: 'error', statusReason: 'service web exited (1)' })
  const failed = someOperation({
    ...{ nodeId, appId: app.id, kind: 'update', status: 'failed', error: 'Could not start service "web"\n\nlast lines' },
    ...{ createdAt: clock.now(), finishedAt: clock.now() },
  })
  cluster.tells(nodeId, { ...app, status: 'updating' })
  inventory.apply(nodeId, { type: 'operation', operation: { ...failed, status: 'running', finishedAt: null } })
  t.deepEqual(cluster.kinds(), [])
  inventory.apply(nodeId, { type: 'operation', operation: failed })
  inventory.apply(nodeId, { type: 'app', app })
  await cluster.passes(5 * minute)
  t.deepEqual(
    cluster.alarms.list().map(({ kind, message }) => [kind, message]),
    [['deploy-failed', 'web: updating it failed: could not start service "web"']],
  )
  inventory.apply(nodeId, { type: 'app', app: { ...app, status: 'updating' } })
  const again = someOperation({ nodeId, appId: app.id, kind: 'update', createdAt: clock.now(), finishedAt: clock.now() })
  inventory.apply(nodeId, { type: 'operation', operation: again })
  inventory.apply(nodeId, { type: 'app', app: { ...app, status: 'running', statusReason: null } })
  t.deepEqual(cluster.kinds(), [])
})

test('a deploy that is judged as failed after its operation ended is an alarm at once, until the app is well', async (t) => {
  const cluster = await watchedCluster(t)
  const { inventory, clock } = cluster
  const nodeId = await cluster.addNode()
  const app = someApp({ nodeId, status: 'error', statusReason: 'service web exited with code 1' })
  const operation = someOperation({ nodeId, appId: app.id, kind: 'create', createdAt: clock.now(), finishedAt: clock.now() })
  inventory.apply(nodeId, { type: 'operation', operation })
  cluster.tells(nodeId, app)
  const deployFailedAt = clock.now()
  inventory.apply(nodeId, { type: 'app', app: { ...app, deployFailedAt } })
  const [alarm] = cluster.alarms.list()
  t.like(alarm, { kind: 'deploy-failed', since: deployFailedAt, message: 'web: version 1 failed: service web exited with code 1' })
  await cluster.passes(hour)
  t.deepEqual(cluster.kinds(), ['deploy-failed'], 'explains why it is unwell')
  const later = await cluster.again()
  later.tells(nodeId, { ...app, deployFailedAt })
  await later.passes(5 * minute)
  t.deepEqual(later.kinds(), ['deploy-failed'], 'also after a start of the primary')

  // Another operation that succeeds makes nothing well by itself.
  const idle = someOperation({ nodeId, appId: app.id, kind: 'update_images', createdAt: clock.now(), finishedAt: clock.now() })
  later.inventory.apply(nodeId, { type: 'operation', operation: idle })
  later.inventory.apply(nodeId, { type: 'app', app })
  await later.passes(5 * minute)
  t.deepEqual(later.kinds(), ['deploy-failed'])
  const well = { ...app, status: 'running' as const, statusReason: null, deployFailedAt }
  later.inventory.apply(nodeId, { type: 'app', app: well })
  await later.passes(minute)
  t.deepEqual(later.kinds(), [])
  await later.passes(hour)
  later.inventory.apply(nodeId, { type: 'app', app: { ...well, status: 'error', statusReason: 'x' } })
  t.deepEqual(later.kinds(), [], 'what goes wrong later has another cause')
  await later.passes(2 * minute)
  t.deepEqual(later.kinds(), ['app-unhealthy'])
  later.tells(nodeId, { ...app, version: 2, deployFailedAt: later.clock.now() })
  t.deepEqual(later.kinds().toSorted(), ['app-unhealthy', 'deploy-failed'], 'an app that ran before is missed')
})

test('a deploy that failed and went back is over after a day', async (t) => {
  const cluster = await watchedCluster(t)
  const { inventory, clock } = cluster
  const nodeId = await cluster.addNode()
  const app = someApp({ nodeId })
  cluster.tells(nodeId, app)
  const times = { createdAt: clock.now(), finishedAt: clock.now() }
  inventory.apply(nodeId, {
    type: 'operation',
    operation: someOperation({ nodeId, appId: app.id, kind: 'update', status: 'failed', ...times }),
  })
  t.deepEqual(cluster.kinds(), ['deploy-failed'])
  await cluster.passes(23 * hour)
  t.deepEqual(cluster.kinds(), ['deploy-failed'])
  await cluster.passes(2 * hour)
  t.deepEqual(cluster.kinds(), [])
})

test('four restarts within ten minutes are a loop, which ends when there are none or the container is another', async (t) => {
  const cluster = await watchedCluster(t)
  const nodeId = await cluster.addNode()
  const app = someApp({ nodeId })
  const [container] = app.containers
  const restarted = (restartCount: number, id = container?.id ?? '') =>
    cluster.inventory.apply(nodeId, { type: 'app', app: { ...app, containers: [someContainer({ id, restartCount })] } })
  cluster.tells(nodeId, app)
  for (const count of [1, 2, 3]) {
    await cluster.passes(minute)
    restarted(count)
  }
  t.deepEqual(cluster.kinds(), [])
  await cluster.passes(minute)
  restarted(4)
  t.is(cluster.alarms.list()[0]?.message, 'web: service web keeps restarting, 4 times within 10 minutes')
  await cluster.passes(9 * minute)
  t.deepEqual(cluster.kinds(), ['app-restarting'])
  await cluster.passes(2 * minute)
  t.deepEqual(cluster.kinds(), [])

  restarted(9)
  t.deepEqual(cluster.kinds(), ['app-restarting'], 'one report may stand for several')
  cluster.inventory.apply(nodeId, {
    type: 'app',
    app: { ...app, status: 'stopped', containers: [someContainer({ id: container?.id ?? '', restartCount: 9 })] },
  })
  t.deepEqual(cluster.kinds(), [], 'somebody stopped it')
  restarted(9)
  restarted(0, 'another')
  t.deepEqual(cluster.kinds(), [])
})

test("a node's failed backup is an alarm until one is made, also while its next start has not tried yet", async (t) => {
  const cluster = await watchedCluster(t)
  const { clock, inventory } = cluster
  const nodeId = await cluster.addNode()
  const says = async (backups: NodeStats['backups']) => {
    await cluster.passes(minute)
    inventory.apply(nodeId, { type: 'stats', stats: someStats({ nodeId, asOf: clock.now(), backups }) })
    return cluster.alarms.list().map(({ kind, message, since }) => ({ kind, message, since }))
  }
  t.deepEqual(await says({ problem: null }), [])
  const problem = { reason: 'no space left on the disk', since: clock.now() }
  const [alarm] = await says({ problem })
  t.like(alarm, { kind: 'backup-failed', since: problem.since })
  t.regex(alarm?.message ?? '', /^The backup of .+ failed: no space left on the disk$/)
  t.is((await says(null)).length, 1)
  t.deepEqual(await says({ problem: null }), [])
})

test('an app that a crash loop keeps from being well has one alarm', async (t) => {
  const cluster = await watchedCluster(t)
  const nodeId = await cluster.addNode()
  const app = { ...someApp({ nodeId }), status: 'degraded' as const, statusReason: 'web keeps restarting' }
  const id = app.containers[0]?.id ?? ''
  cluster.tells(nodeId, app)
  cluster.inventory.apply(nodeId, { type: 'app', app: { ...app, containers: [someContainer({ id, restartCount: 9 })] } })
  t.deepEqual(cluster.kinds(), ['app-restarting'])
  await cluster.passes(5 * minute)
  t.deepEqual(cluster.kinds(), ['app-restarting'])
  // Another service is unwell too, which is a problem of its own.
  const loop = someContainer({ id, restartCount: 9 })
  const sick = someContainer({ id: 'sick', service: 'db', health: 'unhealthy' })
  cluster.inventory.apply(nodeId, { type: 'app', app: { ...app, containers: [loop, sick] } })
  t.deepEqual(cluster.kinds().toSorted(), ['app-restarting', 'app-unhealthy'])
  cluster.inventory.apply(nodeId, { type: 'app', app: { ...app, status: 'running', containers: [loop] } })
  await cluster.passes(minute)
  cluster.inventory.apply(nodeId, { type: 'app', app: { ...app, containers: [loop] } })
  t.deepEqual(cluster.kinds(), ['app-restarting'])
  // Docker gave up: it restarts no more, and is as unwell as before.
  await cluster.passes(6 * minute)
  t.deepEqual(cluster.kinds(), ['app-unhealthy'])
})

test('a disk that fills within a day is an alarm with its name, and a burst is none', async (t) => {
  const cluster = await watchedCluster(t)
  const { clock, inventory } = cluster
  const nodeId = await cluster.addNode()
  let used = 40e9
  const passes = async (hours: number, perHour: number) => {
    for (let i = 0; i < hours * 12; i++) {
      used += perHour / 12
      const disks = [{ mount: '/', filesystem: 'ext4', totalBytes: 1e11, usedBytes: used }]
      inventory.apply(nodeId, { type: 'stats', stats: someStats({ nodeId, asOf: clock.now(), disks }) })
      await cluster.passes(5 * minute)
    }
  }
  await passes(3, 0.1e9)
  t.deepEqual(cluster.kinds(), [])
  await passes(0.5, 20e9)
  await passes(6, 0)
  t.deepEqual(cluster.kinds(), [], 'a burst')
  await passes(6, 2.5e9)
  t.deepEqual(cluster.kinds(), ['disk-filling'])
  t.regex(cluster.alarms.list()[0]?.message ?? '', /^The disk \/ of w1 will be full in about \d+ hours at its present rate: \d+ % is used$/)
  await passes(8, 0)
  t.deepEqual(cluster.kinds(), [])

  used = 99e9
  await passes(1 / 12, 0)
  t.is(cluster.alarms.list()[0]?.message, 'The disk / of w1 is full: 99 % is used')
})

test("a node's clock that is off is an alarm after three samples, until it is right", async (t) => {
  const cluster = await watchedCluster(t)
  const { clock, inventory } = cluster
  const nodeId = await cluster.addNode()
  const sample = async (aheadMs: number) => {
    await cluster.passes(30_000)
    const asOf = new Date(clock.now().getTime() + aheadMs)
    inventory.apply(nodeId, { type: 'stats', stats: someStats({ nodeId, asOf }) })
  }
  for (const ahead of [0, -200_000, -200_000]) await sample(ahead)
  t.deepEqual(cluster.kinds(), [])
  await sample(-200_000)
  t.deepEqual(cluster.kinds(), ['clock-off'])
  t.regex(cluster.alarms.list()[0]?.message ?? '', /^The clock of w1 is 3 minutes behind the primary's\. Correct the wrong one/)
  await sample(-40_000)
  t.deepEqual(cluster.kinds(), ['clock-off'])
  await sample(1000)
  t.deepEqual(cluster.kinds(), [])
})
