import test, { type ExecutionContext } from 'ava'
import type { Operation } from '../../api/apps/operation.ts'
import { createInventory, type InventoryApp } from '../../api/cluster/inventory.ts'
import { recordedLog } from '../helpers/recorded-log.ts'
import { nodeInput, onlineNode, startedRegistry, type TestRegistry } from '../helpers/registry.ts'
import { someApp, someContainer, someOperation, someStats } from '../helpers/things.ts'

async function inventoryOver(fixture: TestRegistry) {
  const told: InventoryApp[] = []
  const removed: string[] = []
  const operations: Operation[] = []
  const stats: string[] = []
  const heardAt = new Map<string, Date>()
  const misconduct: [nodeId: string, what: string][] = []
  const withoutRoom = new Set<string>()
  const { log, messages } = recordedLog()
  const inventory = createInventory({
    em: fixture.database.em,
    findNode: fixture.registry.find,
    staleAfterMs: 20_000,
    clock: fixture.clock,
    log,
    heardAt: (id) => heardAt.get(id) ?? null,
    onMisconduct: (...seen) => void misconduct.push(seen),
    onRoom: (_, { id }, hasRoom) => void (hasRoom ? withoutRoom.delete(id) : withoutRoom.add(id)),
    onApp: (app) => void told.push(app),
    onAppRemoved: (id) => void removed.push(id),
    onOperation: (operation) => void operations.push(operation),
    onStats: (nodeId) => void stats.push(nodeId),
  })
  await inventory.start()
  return { ...fixture, inventory, told, removed, operations, stats, messages, misconduct, withoutRoom, heardAt }
}

async function inventoryWith(t: ExecutionContext<unknown>, ...names: string[]) {
  const fixture = await startedRegistry(t)
  const ids: string[] = []
  for (const name of names) ids.push((await onlineNode(fixture, nodeInput(name))).id)
  const [first = '', second = ''] = ids
  return { ...(await inventoryOver(fixture)), first, second }
}

/** As `services.ts` wires it: three failed checks, then the inventory hears of it. */
function takeAway({ registry, clock, inventory }: Awaited<ReturnType<typeof inventoryWith>>, id: string): void {
  for (let i = 0; i < 3; i++)
    registry.observe(id, { kind: 'check-failed', by: 'check', startedAt: clock.now(), reason: 'connection refused' })
  inventory.nodeStatusChanged(id)
}

test('a snapshot is the whole of its node, and of no other', async (t) => {
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

test('while its node is not online an app is unknown, with what it last was and when', async (t) => {
  const fixture = await inventoryWith(t, 'worker-1')
  const { inventory, registry, told, first } = fixture
  const app = someApp({ nodeId: first, status: 'error', statusReason: 'service web exited with code 1' })
  inventory.apply(first, { type: 'app', app })
  t.like(inventory.app(app.id), { status: 'error', lastKnownStatus: 'error' })

  takeAway(fixture, first)
  const away = {
    status: 'unknown',
    lastKnownStatus: 'error',
    statusReason: 'worker-1 is offline: connection refused',
    asOf: app.asOf,
  } as const
  t.like(inventory.app(app.id), { ...away, containers: app.containers, composeContent: app.composeContent })
  t.like(told.at(-1), away)

  registry.observe(first, { kind: 'heartbeat' })
  inventory.nodeStatusChanged(first)
  t.like(told.at(-1), { status: 'error', lastKnownStatus: 'error', statusReason: 'service web exited with code 1' })
})

test('an app that its own node does not know of now keeps what it last was', async (t) => {
  const { inventory, first } = await inventoryWith(t, 'worker-1')
  const app = someApp({ nodeId: first })
  inventory.apply(first, { type: 'app', app })
  inventory.apply(first, { type: 'app', app: { ...app, status: 'unknown', statusReason: 'Docker does not answer' } })
  t.like(inventory.app(app.id), { status: 'unknown', statusReason: 'Docker does not answer', lastKnownStatus: 'running' })
})

test('a node cannot speak of what another node owns', async (t) => {
  const { inventory, removed, misconduct, first, second } = await inventoryWith(t, 'worker-1', 'worker-2')
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
  t.deepEqual(misconduct, [
    ...Array.from({ length: 4 }, () => [second, theirs]),
    [second, 'sent stats of another node. They are ignored'],
    [second, theirs],
  ] as typeof misconduct)
})

test('what was written is there after a restart, whole, also of a node that is away', async (t) => {
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

test('a write takes what changed since the last one, and what was removed goes', async (t) => {
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

test('what could not be written is written the next time', async (t) => {
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

test('a copy that cannot be read is left out, said, and made again', async (t) => {
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
  t.is(restarted.messages().filter((message) => message.includes('cannot be read')).length, 1)
  restarted.inventory.apply(first, { type: 'snapshot', apps: [app, other], operations: [] })
  await restarted.inventory.flush()
  t.is(restarted.inventory.apps().length, 2)
})

test('a removed node takes everything with it, in memory and in the file', async (t) => {
  const fixture = await inventoryWith(t, 'worker-1', 'worker-2')
  const { inventory, registry, removed, first, second } = fixture
  const [app, other] = [someApp({ nodeId: first }), someApp({ nodeId: second })]
  inventory.apply(first, { type: 'snapshot', apps: [app], operations: [someOperation({ nodeId: first })] })
  inventory.apply(second, { type: 'snapshot', apps: [other], operations: [someOperation({ nodeId: second })] })
  inventory.apply(first, { type: 'stats', stats: someStats({ nodeId: first }) })
  await inventory.flush()
  await registry.remove(first)
  inventory.dropNode(first)
  // What its stream had still to say comes after it was removed.
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

test('stats are ok, then stale with the reason, or an error where there are none', async (t) => {
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

test('what a call was answered with is learned, but never in place of what the feed has told since', async (t) => {
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

test('an app whose removal was told before the call was answered does not come back', async (t) => {
  const { inventory, first } = await inventoryWith(t, 'worker-1')
  const app = someApp({ nodeId: first })
  const operation = someOperation({ nodeId: first, kind: 'remove', status: 'queued' })
  inventory.apply(first, { type: 'app', app })
  inventory.apply(first, { type: 'app-removed', id: app.id })
  inventory.learn(first, { app: { ...app, status: 'updating' }, operation })
  t.is(inventory.app(app.id), undefined)
  t.like(inventory.operation(operation.id), { kind: 'remove' })
})

test('of each node the newest 200 operations are kept, here and in the file', async (t) => {
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

test('of one node so many apps and operations are kept, and so much of them, whatever it says', async (t) => {
  const { inventory, misconduct, withoutRoom, first, second } = await inventoryWith(t, 'worker-1', 'worker-2')
  const other = someApp({ nodeId: second })
  inventory.apply(second, { type: 'app', app: other })
  for (let i = 0; i < 1100; i++) inventory.apply(first, { type: 'app', app: someApp({ nodeId: first }) })
  t.is(inventory.apps().length, 1001)
  for (let i = 0; i < 600; i++)
    inventory.apply(first, { type: 'operation', operation: someOperation({ nodeId: first, status: 'running' }) })
  t.true(inventory.operations().length <= 250, `${inventory.operations().length} operations`)
  t.is(withoutRoom.size, 100)
  t.deepEqual(misconduct, [], 'it is a limit of ours, and no misconduct')

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

test('a clock that is wrong takes no place from others and makes nothing look fresh', async (t) => {
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

test('what a lost node told was true until it was last heard, not until its app last changed', async (t) => {
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
  t.deepEqual(inventory.app(app.id)?.asOf, asOf, 'what the node itself does not know is no newer')
})
