import test, { type ExecutionContext } from 'ava'
import type { Operation } from '../../../api/apps/operation.ts'
import { createInventory, type InventoryApp } from '../../../api/cluster/feed/inventory.ts'
import { recordedLog } from '../../helpers/recorded-log.ts'
import { nodeInput, onlineNode, startedRegistry, type TestRegistry } from '../../helpers/registry.ts'
import { someApp, someContainer, someOperation, someStats } from '../../helpers/things.ts'

async function inventoryOver(fixture: TestRegistry) {
  const told: InventoryApp[] = []
  const removed: string[] = []
  const operations: Operation[] = []
  const stats: string[] = []
  const heardAt = new Map<string, Date>()
  const misbehavior: [nodeId: string, what: string][] = []
  const withoutRoom = new Set<string>()
  const { log, messages } = recordedLog()
  const inventory = createInventory({
    em: fixture.database.em,
    findNode: fixture.registry.find,
    staleAfterMs: 20_000,
    clock: fixture.clock,
    log,
    heardAt: (id) => heardAt.get(id) ?? null,
    onMisbehavior: (...seen) => void misbehavior.push(seen),
    onRoom: (_, { id }, hasRoom) => void (hasRoom ? withoutRoom.delete(id) : withoutRoom.add(id)),
    onApp: (app) => void told.push(app),
    onAppRemoved: (id) => void removed.push(id),
    onOperation: (operation) => void operations.push(operation),
    onThings: () => undefined,
    onStats: (nodeId) => void stats.push(nodeId),
  })
  await inventory.start()
  return { ...fixture, inventory, told, removed, operations, stats, messages, misbehavior, withoutRoom, heardAt }
}

async function inventoryWith(t: ExecutionContext<unknown>, ...names: string[]) {
  const fixture = await startedRegistry(t)
  const ids: string[] = []
  for (const name of names) ids.push((await onlineNode(fixture, nodeInput(name))).id)
  const [first = '', second = ''] = ids
  return { ...(await inventoryOver(fixture)), first, second }
}

/** Fails three checks and then notifies the inventory, as `services.ts` does. */
function takeAway({ registry, clock, inventory }: Awaited<ReturnType<typeof inventoryWith>>, id: string): void {
  for (let i = 0; i < 3; i++)
    registry.observe(id, { kind: 'check-failed', by: 'check', startedAt: clock.now(), reason: 'connection refused' })
  inventory.nodeStatusChanged(id)
}

test('a snapshot replaces everything on its node and nothing on others', async (t) => {
  const { inventory, told, removed, first, second } = await inventoryWith(t, 'worker-1', 'worker-2')
  const [web, shop, other] = [
    someApp({ nodeId: first }),
    someApp({ nodeId: first, name: 'shop' }),
    someApp({ nodeId: second, name: 'blog' }),
  ]
  inventory.apply(first, { type: 'snapshot', apps: [web, shop], operations: [] })
  inventory.apply(second, { type: 'snapshot', apps: [other], operations: [] })
  t.deepEqual(
    inventory.apps().map(({ name }) => name),
    ['blog', 'shop', 'web'],
  )
  inventory.apply(first, { type: 'snapshot', apps: [{ ...web, status: 'stopped' }], operations: [] })
  t.deepEqual(
    inventory.apps().map(({ name, status }) => [name, status]),
    [
      ['blog', 'running'],
      ['web', 'stopped'],
    ],
  )
  t.deepEqual(removed, [shop.id])
  t.is(told.at(-1)?.status, 'stopped')
})

test('while its node is not online an app is unknown, with its last known status and time', async (t) => {
  const fixture = await inventoryWith(t, 'worker-1')
  const { inventory, registry, told, first } = fixture
  const autoUpdate = { cron: '0 3 * * *', timeZone: 'UTC', windowMinutes: 60, minimumAgeHours: 0, nextRuns: [], held: null }
  const app = someApp({ nodeId: first, status: 'error', statusReason: 'service web exited with code 1', autoUpdate })
  inventory.apply(first, { type: 'app', app })
  t.like(inventory.app(app.id), { status: 'error', lastKnownStatus: 'error', autoUpdate })

  takeAway(fixture, first)
  const away = {
    status: 'unknown',
    lastKnownStatus: 'error',
    statusReason: 'worker-1 is offline: connection refused',
    asOf: app.asOf,
  } as const
  t.like(inventory.app(app.id), { ...away, containers: app.containers, composeContent: app.composeContent })
  t.like(inventory.app(app.id)?.autoUpdate, { held: { reason: 'node-away', until: null } })
  t.like(told.at(-1), away)

  registry.observe(first, { kind: 'heartbeat' })
  inventory.nodeStatusChanged(first)
  t.like(told.at(-1), { status: 'error', lastKnownStatus: 'error', statusReason: 'service web exited with code 1' })
})

test('an app that its own node reports as unknown keeps its last known status', async (t) => {
  const { inventory, first } = await inventoryWith(t, 'worker-1')
  const app = someApp({ nodeId: first })
  inventory.apply(first, { type: 'app', app })
  inventory.apply(first, { type: 'app', app: { ...app, status: 'unknown', statusReason: 'Docker does not answer' } })
  t.like(inventory.app(app.id), { status: 'unknown', statusReason: 'Docker does not answer', lastKnownStatus: 'running' })
})

test('a node cannot report what another node owns', async (t) => {
  const { inventory, removed, misbehavior, first, second } = await inventoryWith(t, 'worker-1', 'worker-2')
  const app = someApp({ nodeId: first })
  const operation = someOperation({ nodeId: first })
  const stats = someStats({ nodeId: first })
  inventory.apply(first, { type: 'snapshot', apps: [app], operations: [operation] })
  inventory.apply(first, { type: 'stats', stats })

  inventory.apply(second, { type: 'app', app: { ...app, name: 'stolen' } })
  inventory.apply(second, { type: 'app', app: { ...app, name: 'stolen', nodeId: second } })
  inventory.apply(second, { type: 'operation', operation: { ...operation, nodeId: second, kind: 'remove' } })
  inventory.apply(second, { type: 'operation', operation: someOperation({ nodeId: first }) })
  inventory.apply(second, { type: 'app-removed', id: app.id })
  inventory.apply(second, { type: 'stats', stats: { ...stats, uptimeSeconds: 1 } })
  inventory.apply(second, { type: 'snapshot', apps: [{ ...app, name: 'stolen' }], operations: [] })

  t.deepEqual(inventory.apps(), [{ ...app, lastKnownStatus: 'running' }])
  t.deepEqual(inventory.operations(), [operation])
  t.deepEqual(removed, [])
  t.is(inventory.statsOf(first).stats?.uptimeSeconds, stats.uptimeSeconds)
  t.is(inventory.statsOf(second).state, 'error')
  const theirs = 'sent apps or operations that belong to another node. They are ignored. Was its data folder copied?'
  t.deepEqual(misbehavior, [
    ...Array.from({ length: 4 }, () => [second, theirs]),
    [second, 'sent stats of another node. They are ignored'],
    [second, theirs],
  ] as typeof misbehavior)
})

test('everything written is complete after a restart, even for a node that is away', async (t) => {
  const fixture = await inventoryWith(t, 'worker-1')
  const { inventory, first } = fixture
  const app = someApp({
    nodeId: first,
    description: 'Grüße ☕',
    containers: [someContainer({ health: 'unhealthy', exitCode: 137, ports: [] })],
  })
  const operation = someOperation({ nodeId: first, output: ['one', 'two'], error: 'failed', status: 'failed', progress: 40 })
  inventory.apply(first, { type: 'snapshot', apps: [app], operations: [operation] })
  await inventory.flush()
  // Docker went away on the node before the primary stopped.
  inventory.apply(first, { type: 'app', app: { ...app, status: 'unknown', statusReason: 'Docker does not answer' } })
  takeAway(fixture, first)
  await inventory.flush()

  const again = await fixture.restart()
  await again.registry.start()
  const restarted = await inventoryOver(again)
  t.deepEqual(restarted.inventory.app(app.id), {
    ...app,
    status: 'unknown',
    statusReason: 'worker-1 is offline: connection refused',
    lastKnownStatus: 'running',
  })
  t.deepEqual(restarted.inventory.operation(operation.id), operation)
  t.like(restarted.inventory.statsOf(first), { state: 'error', stats: null })
})

test('a flush writes what changed since the last one and deletes what was removed', async (t) => {
  const fixture = await inventoryWith(t, 'worker-1')
  const { inventory, first } = fixture
  const [kept, gone] = [someApp({ nodeId: first, name: 'kept' }), someApp({ nodeId: first, name: 'gone' })]
  inventory.apply(first, { type: 'snapshot', apps: [kept, gone], operations: [] })
  await inventory.flush()
  const connection = fixture.database.em.getConnection()
  const written = async (): Promise<number> => (await connection.execute<{ n: number }[]>('select total_changes() as n'))[0]?.n ?? 0
  const before = await written()
  await inventory.flush()
  t.is(await written(), before)
  inventory.apply(first, { type: 'app-removed', id: gone.id })
  await inventory.flush()
  t.deepEqual(await connection.execute('select id from inventory_apps'), [{ id: kept.id }])
  t.is(await written(), before + 1)
})

test('a failed write is repeated by the next flush', async (t) => {
  const fixture = await inventoryWith(t, 'worker-1')
  const { inventory, first } = fixture
  const connection = fixture.database.em.getConnection()
  await connection.execute(`create trigger full before insert on inventory_apps begin select raise(abort, 'disk is full'); end`)
  const app = someApp({ nodeId: first })
  inventory.apply(first, { type: 'snapshot', apps: [app], operations: [someOperation({ nodeId: first })] })
  await t.throwsAsync(inventory.flush(), { message: /disk is full/ })
  await connection.execute('drop trigger full')
  await inventory.flush()
  t.is((await connection.execute('select id from inventory_apps')).length, 1)
  t.is((await connection.execute('select id from inventory_operations')).length, 1)
})

test('a copy that cannot be read is skipped, logged and replaced', async (t) => {
  const fixture = await inventoryWith(t, 'worker-1')
  const { inventory, first } = fixture
  const [app, other] = [someApp({ nodeId: first }), someApp({ nodeId: first, name: 'other' })]
  inventory.apply(first, { type: 'snapshot', apps: [app, other], operations: [] })
  await inventory.flush()
  await fixture.database.em.getConnection().execute(`update inventory_apps set document = '{"name": 1}' where id = ?`, [app.id])
  const again = await fixture.restart()
  await again.registry.start()
  const restarted = await inventoryOver(again)
  t.deepEqual(
    restarted.inventory.apps().map(({ name }) => name),
    ['other'],
  )
  t.is(restarted.messages().filter((message) => message.includes('cannot read a copy')).length, 1)
  restarted.inventory.apply(first, { type: 'snapshot', apps: [app, other], operations: [] })
  await restarted.inventory.flush()
  t.is(restarted.inventory.apps().length, 2)
})

test('removing a node removes all its data, in memory and in the file', async (t) => {
  const fixture = await inventoryWith(t, 'worker-1', 'worker-2')
  const { inventory, registry, removed, first, second } = fixture
  const [app, other] = [someApp({ nodeId: first }), someApp({ nodeId: second })]
  inventory.apply(first, { type: 'snapshot', apps: [app], operations: [someOperation({ nodeId: first })] })
  inventory.apply(second, { type: 'snapshot', apps: [other], operations: [someOperation({ nodeId: second })] })
  inventory.apply(first, { type: 'stats', stats: someStats({ nodeId: first }) })
  await inventory.flush()
  await registry.remove(first)
  inventory.dropNode(first)
  // A late event from its stream, after the removal.
  inventory.apply(first, { type: 'snapshot', apps: [app], operations: [someOperation({ nodeId: first })] })
  inventory.apply(first, { type: 'stats', stats: someStats({ nodeId: first }) })
  inventory.learn(first, { app, operation: someOperation({ nodeId: first }) })
  await inventory.flush()
  t.deepEqual(removed, [app.id])
  t.deepEqual(
    inventory.operations().map(({ nodeId }) => nodeId),
    [second],
  )
  t.deepEqual(
    inventory.apps().map(({ id }) => id),
    [other.id],
  )
  t.like(inventory.statsOf(first), { state: 'error', error: `There is no node with id ${first}`, stats: null })
  const connection = fixture.database.em.getConnection()
  t.is((await connection.execute('select id from inventory_apps')).length, 1)
  t.is((await connection.execute('select id from inventory_operations')).length, 1)
})

test('stats are ok, then stale with the reason, or an error if there are none', async (t) => {
  const fixture = await inventoryWith(t, 'worker-1', 'worker-2')
  const { inventory, clock, stats, first, second } = fixture
  t.like(inventory.statsOf(second), { state: 'error', error: 'worker-2 has not sent stats yet', stats: null })
  const sample = someStats({ nodeId: first, asOf: clock.now() })
  inventory.apply(first, { type: 'stats', stats: sample })
  t.deepEqual(inventory.statsOf(first), { nodeId: first, state: 'ok', error: null, stats: sample })
  clock.advance(20_000)
  t.is(inventory.statsOf(first).state, 'ok')
  clock.advance(1)
  t.deepEqual(inventory.statsOf(first), { nodeId: first, state: 'stale', error: 'worker-1 has not sent newer stats', stats: sample })

  inventory.apply(first, { type: 'stats', stats: { ...sample, asOf: clock.now() } })
  takeAway(fixture, first)
  t.like(inventory.statsOf(first), { state: 'stale', error: 'worker-1 is offline: connection refused' })
  takeAway(fixture, second)
  t.like(inventory.statsOf(second), { state: 'error', error: 'worker-2 is offline: connection refused', stats: null })
  t.deepEqual(stats, [first, first, first, second])
})

test('the answer to a call is added, but never replaces newer data from the feed', async (t) => {
  const { inventory, told, first } = await inventoryWith(t, 'worker-1')
  const app = someApp({ nodeId: first, status: 'pending' })
  const operation = someOperation({ nodeId: first, status: 'queued', progress: 0, finishedAt: null })
  inventory.learn(first, { app, operation })
  t.like(inventory.app(app.id), { status: 'pending' })
  t.like(inventory.operation(operation.id), { status: 'queued' })

  inventory.apply(first, { type: 'app', app: { ...app, status: 'running' } })
  inventory.apply(first, { type: 'operation', operation: { ...operation, status: 'succeeded' } })
  inventory.learn(first, { app, operation })
  t.like(inventory.app(app.id), { status: 'running' })
  t.like(inventory.operation(operation.id), { status: 'succeeded' })
  t.is(told.length, 2)
})

test('an app whose removal arrives before the answer to the call does not come back', async (t) => {
  const { inventory, first } = await inventoryWith(t, 'worker-1')
  const app = someApp({ nodeId: first })
  const operation = someOperation({ nodeId: first, kind: 'remove', status: 'queued' })
  inventory.apply(first, { type: 'app', app })
  inventory.apply(first, { type: 'app-removed', id: app.id })
  inventory.learn(first, { app: { ...app, status: 'updating' }, operation })
  t.is(inventory.app(app.id), undefined)
  t.like(inventory.operation(operation.id), { kind: 'remove' })
})

test('keeps the newest 200 operations of each node, in memory and in the file', async (t) => {
  const fixture = await inventoryWith(t, 'worker-1', 'worker-2')
  const { inventory, first, second } = fixture
  const createdAt = (i: number): Date => new Date(Date.UTC(2026, 0, 1) + i * 1000)
  inventory.apply(second, { type: 'operation', operation: someOperation({ nodeId: second, createdAt: createdAt(0) }) })
  for (let i = 1; i <= 230; i++) {
    inventory.apply(first, { type: 'operation', operation: someOperation({ nodeId: first, createdAt: createdAt(i) }) })
    if (i === 100) await inventory.flush()
  }
  await inventory.flush()
  const own = inventory.operations().filter(({ nodeId }) => nodeId === first)
  t.is(own.length, 200)
  t.deepEqual(own[0]?.createdAt, createdAt(230))
  t.deepEqual(own.at(-1)?.createdAt, createdAt(31))
  t.is(inventory.operations().length, 201)
  t.is((await fixture.database.em.getConnection().execute('select id from inventory_operations')).length, 201)
})

test('limits the number and size of apps and operations kept per node, whatever it sends', async (t) => {
  const { inventory, misbehavior, withoutRoom, first, second } = await inventoryWith(t, 'worker-1', 'worker-2')
  const other = someApp({ nodeId: second })
  inventory.apply(second, { type: 'app', app: other })
  for (let i = 0; i < 1100; i++) inventory.apply(first, { type: 'app', app: someApp({ nodeId: first }) })
  t.is(inventory.apps().length, 1001)
  for (let i = 0; i < 600; i++)
    inventory.apply(first, { type: 'operation', operation: someOperation({ nodeId: first, status: 'running' }) })
  t.true(inventory.operations().length <= 250, `${inventory.operations().length} operations`)
  t.is(withoutRoom.size, 100)
  t.deepEqual(misbehavior, [], 'our own limit is not misbehavior of the node')

  inventory.apply(first, { type: 'snapshot', apps: [], operations: [] })
  const large = (size: number) => someApp({ nodeId: first, composeContent: 'x'.repeat(size) })
  for (let i = 0; i < 1000; i++) inventory.apply(first, { type: 'app', app: large(200_000) })
  const kept = inventory.apps().reduce((sum, { composeContent }) => sum + composeContent.length, 0)
  t.true(kept > 16 * 2 ** 20 && kept <= 33 * 2 ** 20, `${kept} characters`)
  t.truthy(inventory.app(other.id))
  for (let i = 0; i < 100; i++) {
    const output = Array.from({ length: 100 }, () => 'x'.repeat(10_000))
    inventory.apply(first, { type: 'operation', operation: someOperation({ nodeId: first, output }) })
  }
  const printed = inventory.operations().reduce((sum, { output }) => sum + output.join('').length, 0)
  t.true(printed > 0 && printed <= 17 * 2 ** 20, `${printed} characters`)
})

test('a wrong clock does not push other operations down the list or make stats look fresh', async (t) => {
  const { inventory, clock, first, second } = await inventoryWith(t, 'worker-1', 'worker-2')
  const ahead = new Date(8.64e15)
  inventory.apply(first, {
    type: 'operation',
    operation: someOperation({ nodeId: first, createdAt: ahead, startedAt: ahead, finishedAt: ahead }),
  })
  inventory.apply(first, { type: 'stats', stats: someStats({ nodeId: first, asOf: ahead }) })
  clock.advance(1000)
  const own = someOperation({ nodeId: second, createdAt: clock.now() })
  inventory.apply(second, { type: 'operation', operation: own })
  t.is(inventory.operations()[0]?.id, own.id)
  t.is(inventory.statsOf(first).state, 'ok')
  clock.advance(20_000)
  t.is(inventory.statsOf(first).state, 'stale')
  await t.notThrowsAsync(inventory.flush())
})

test('data of a lost node holds until the node was last heard, not until its app last changed', async (t) => {
  const { inventory, registry, clock, heardAt, first } = await inventoryWith(t, 'worker-1')
  const asOf = clock.now()
  const app = someApp({ nodeId: first, asOf })
  inventory.apply(first, { type: 'snapshot', apps: [app], operations: [] })
  clock.advance(3_600_000)
  const heard = clock.now()
  heardAt.set(first, heard)
  for (let i = 0; i < 3; i++) {
    clock.advance(1000)
    registry.observe(first, { kind: 'check-failed', by: 'check', startedAt: clock.now(), reason: 'connection refused' })
  }
  clock.advance(60_000)
  t.like(inventory.app(app.id), { status: 'unknown', asOf: heard })
  heardAt.delete(first)
  const { lastSeen } = registry.get(first).health
  t.deepEqual(inventory.app(app.id)?.asOf, lastSeen && lastSeen > asOf ? lastSeen : asOf, 'after a restart: when it was last seen')
  inventory.apply(first, { type: 'app', app: { ...app, status: 'unknown', statusReason: 'Docker does not answer' } })
  heardAt.set(first, clock.now())
  t.deepEqual(inventory.app(app.id)?.asOf, asOf, 'a status that the node itself does not know gets no newer time')
})
