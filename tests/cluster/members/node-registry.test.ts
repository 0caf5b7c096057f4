import { existsSync, readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import test from 'ava'
import { AppError, StartError } from '../../../api/errors.ts'
import { nodeInput, onlineNode, primaryId, registryOf, startedRegistry, type TestRegistry } from '../../helpers/registry.ts'
import { endsOf } from '../../helpers/settled.ts'
import { until } from '../../helpers/until.ts'

type Row = Record<string, string | number | null>

/** Reads the row as another process would see it now. */
function rowsOf({ path }: TestRegistry): Row[] {
  const file = new DatabaseSync(path, { readOnly: true })
  try {
    return file.prepare('select * from nodes order by name').all() as Row[]
  } finally {
    file.close()
  }
}
const rowOf = (fixture: TestRegistry, id: string): Row | undefined => rowsOf(fixture).find((row) => row.id === id)

const failedCheck = (startedAt: Date, reason = 'connection refused') => ({ kind: 'check-failed', by: 'check', startedAt, reason }) as const

function fail({ registry, clock }: TestRegistry, id: string, times: number): void {
  for (let i = 0; i < times; i++) registry.observe(id, failedCheck(clock.now()))
}

test('this node comes first, is online without a check, and its key is not in the database', async (t) => {
  const fixture = await startedRegistry(t)
  await fixture.registry.register(nodeInput('a-name-before-main'))
  const [self, other] = fixture.registry.list()
  t.like(self, { id: primaryId, name: 'main', isPrimary: true, health: { status: 'online', statusSignal: 'self', nextCheckAt: null } })
  t.like(other, { name: 'a-name-before-main', isPrimary: false })
  t.is(rowOf(fixture, primaryId)?.api_key, '')
  fixture.clock.advance(3_600_000)
  t.deepEqual(
    fixture.registry.due().map(({ name }) => name),
    ['a-name-before-main'],
  )
})

test('a registered node is offline with a reason until it answers, and due at once', async (t) => {
  const { registry, changes } = await startedRegistry(t)
  const input = nodeInput('worker-1', 'http://10.0.0.2:8080/')
  const node = await registry.register(input)
  t.like(node, { id: input.id, name: 'worker-1', apiEndpoint: 'http://10.0.0.2:8080', isPrimary: false })
  t.like(node.health, {
    status: 'offline',
    consecutiveFailures: 0,
    statusReason: 'Has not answered since it was registered',
    lastSeen: null,
  })
  t.deepEqual(
    registry.due().map(({ id }) => id),
    [input.id],
  )
  t.deepEqual(changes, [{ id: input.id, from: undefined, to: 'offline' }])
  t.like(registry.addressOf(input.id), { apiKey: input.apiKey, apiEndpoint: 'http://10.0.0.2:8080' })
})

test('keys are sealed in every database file and readable after a restart', async (t) => {
  const fixture = await startedRegistry(t)
  const input = { ...nodeInput(), apiKey: 'a-very-recognisable-key-1' }
  await fixture.registry.register(input)
  await fixture.registry.update(input.id, { apiKey: 'a-very-recognisable-key-2' })
  for (const file of [fixture.path, `${fixture.path}-wal`]) {
    if (existsSync(file)) t.false(readFileSync(file, 'latin1').includes('recognisable'), file)
  }
  t.regex(String(rowOf(fixture, input.id)?.api_key), /^v1\./)
  const again = await fixture.restart()
  await again.registry.start()
  t.is(again.registry.keyOf(input.id), 'a-very-recognisable-key-2')
  t.is(again.registry.keyOf(primaryId), 'own-key-of-main')
  t.is(again.registry.keyOf('nobody'), null)
})

test('a different secret key stops the start and names the setting', async (t) => {
  const fixture = await startedRegistry(t)
  await fixture.registry.register(nodeInput())
  const again = await fixture.restart({ secretKey: Buffer.alloc(32, 7) })
  await t.throwsAsync(again.registry.start(), { instanceOf: StartError, message: /^SECRET_KEY: node worker-1's key/ })
})

test('invalid input is refused with one entry per field, and nothing changes', async (t) => {
  const { registry, changes } = await startedRegistry(t)
  const error = await t.throwsAsync(registry.register({ id: 'x', name: ' ', apiEndpoint: 'ftp://x', apiKey: 'a b' }), {
    instanceOf: AppError,
    code: 'INVALID_INPUT',
  })
  t.deepEqual(error.fields.map(({ field }) => field).sort(), ['apiEndpoint', 'apiKey', 'id', 'name'])
  for (const name of ['a\nb', 'a\u0007b', 'a\u202eb']) {
    t.like(await t.throwsAsync(registry.register({ ...nodeInput('x'), name })), { code: 'INVALID_INPUT', fields: [{ field: 'name' }] })
  }
  t.deepEqual(changes, [])
  t.is(registry.list().length, 1)
})

const taken: { what: string; change: (input: ReturnType<typeof nodeInput>) => Partial<ReturnType<typeof nodeInput>>; field: string }[] = [
  { what: 'the name of another node', change: ({ name }) => ({ name }), field: 'name' },
  { what: 'the name of this node', change: () => ({ name: 'main' }), field: 'name' },
  { what: 'an id that is registered', change: ({ id }) => ({ id }), field: 'id' },
  { what: 'an id that is registered, in upper case', change: ({ id }) => ({ id: id.toUpperCase() }), field: 'id' },
  { what: 'the id of this node', change: () => ({ id: primaryId }), field: 'id' },
]

for (const { what, change, field } of taken) {
  test(`registering ${what} is a conflict`, async (t) => {
    const fixture = await startedRegistry(t)
    const first = nodeInput('worker-1')
    await fixture.registry.register(first)
    const error = await t.throwsAsync(fixture.registry.register({ ...nodeInput('worker-2'), ...change(first) }), { code: 'CONFLICT' })
    t.is((error as AppError).fields[0]?.field, field)
    t.is(rowsOf(fixture).length, 2)
    t.is(fixture.registry.keyOf(first.id), first.apiKey)
  })
}

test('of concurrent registrations with the same id or name, one succeeds', async (t) => {
  const fixture = await startedRegistry(t)
  const input = nodeInput('worker-1')
  const others = [{ ...nodeInput('worker-2'), id: input.id }, { ...nodeInput('worker-1') }, { ...nodeInput('worker-3'), id: input.id }]
  const outcomes = await Promise.allSettled([input, ...others].map((each) => fixture.registry.register(each)))
  t.deepEqual(endsOf(outcomes), ['done', 'CONFLICT', 'CONFLICT', 'CONFLICT'])
  t.deepEqual(
    rowsOf(fixture).map(({ name }) => name),
    ['main', 'worker-1'],
  )
})

test('a registration that cannot be written leaves nothing behind', async (t) => {
  const { registry, database } = await startedRegistry(t)
  await database.em.getConnection().execute(`create trigger full before insert on nodes begin select raise(abort, 'disk is full'); end`)
  const input = nodeInput()
  await t.throwsAsync(registry.register(input), { message: /disk is full/ })
  t.is(registry.find(input.id), undefined)
  t.is(registry.keyOf(input.id), null)
  await database.em.getConnection().execute('drop trigger full')
  await registry.register(input)
  t.is(registry.get(input.id).name, 'worker-1')
})

test('renaming a node keeps its health', async (t) => {
  const fixture = await startedRegistry(t)
  const { registry } = fixture
  const { id } = await onlineNode(fixture)
  fail(fixture, id, 4)
  const before = registry.get(id).health
  const { node, addressChanged } = await registry.update(id, { name: 'renamed' })
  t.false(addressChanged)
  t.is(node.name, 'renamed')
  t.deepEqual(node.health, before)
  t.is(rowOf(fixture, id)?.name, 'renamed')
})

for (const change of [{ apiEndpoint: 'http://10.0.0.9:8080' }, { apiKey: 'another-key' }]) {
  const [what = ''] = Object.keys(change)
  test(`a new ${what} resets the failures, and the node is due at once`, async (t) => {
    const fixture = await startedRegistry(t)
    const { registry } = fixture
    const { id } = await onlineNode(fixture)
    fail(fixture, id, 12)
    t.deepEqual(registry.due(), [])
    const { node, addressChanged } = await registry.update(id, change)
    t.true(addressChanged)
    t.like(node.health, {
      status: 'offline',
      consecutiveFailures: 0,
      statusReason: 'Has not answered since its endpoint or key changed',
    })
    t.deepEqual(
      registry.due().map((due) => due.id),
      [id],
    )
    t.like(registry.addressOf(id), change)
    await registry.flush()
    t.like(rowOf(fixture, id), { status: 'offline', consecutive_failures: 0 })
  })
}

test('an unchanged endpoint and key change nothing', async (t) => {
  const fixture = await startedRegistry(t)
  const input = nodeInput()
  await onlineNode(fixture, input)
  const { node, addressChanged } = await fixture.registry.update(input.id, { apiEndpoint: `${input.apiEndpoint}/`, apiKey: input.apiKey })
  t.false(addressChanged)
  t.is(node.health.status, 'online')
})

test('updates with a taken name, of an unknown node or of this node are refused', async (t) => {
  const fixture = await startedRegistry(t)
  const { id } = await onlineNode(fixture, nodeInput('worker-1'))
  await onlineNode(fixture, nodeInput('worker-2'))
  await t.throwsAsync(fixture.registry.update(id, { name: 'worker-2' }), { code: 'CONFLICT' })
  await t.throwsAsync(fixture.registry.update(id, { name: 'main' }), { code: 'CONFLICT' })
  await t.throwsAsync(fixture.registry.update(id, { apiEndpoint: 'nowhere' }), { code: 'INVALID_INPUT' })
  await t.throwsAsync(fixture.registry.update(nodeInput().id, { name: 'x' }), { code: 'NOT_FOUND' })
  await t.throwsAsync(fixture.registry.update(primaryId, { name: 'x' }), { code: 'FORBIDDEN', message: /NODE_NAME/ })
  t.is(fixture.registry.get(id).name, 'worker-1')
})

test('concurrent updates of a node lose nothing, and a name goes to only one node', async (t) => {
  const fixture = await startedRegistry(t)
  const { id } = await onlineNode(fixture, nodeInput('worker-1'))
  const { id: other } = await onlineNode(fixture, nodeInput('worker-2'))
  await Promise.all([
    fixture.registry.update(id, { apiEndpoint: 'http://10.0.0.9:8080' }),
    fixture.registry.update(id, { apiKey: 'another-key' }),
    fixture.registry.update(id, { name: 'renamed' }),
  ])
  t.like(fixture.registry.addressOf(id), { name: 'renamed', apiEndpoint: 'http://10.0.0.9:8080', apiKey: 'another-key' })

  const names = await Promise.allSettled([
    fixture.registry.update(id, { name: 'wanted' }),
    fixture.registry.update(other, { name: 'wanted' }),
  ])
  t.deepEqual(endsOf(names), ['done', 'CONFLICT'])

  const again = await fixture.restart()
  await again.registry.start()
  t.like(again.registry.addressOf(id), { name: 'wanted', apiEndpoint: 'http://10.0.0.9:8080', apiKey: 'another-key' })
})

test('an update that cannot be written changes nothing', async (t) => {
  const fixture = await startedRegistry(t)
  const { id } = await onlineNode(fixture, nodeInput('worker-1'))
  await fixture.database.em
    .getConnection()
    .execute(`create trigger full before update of name on nodes begin select raise(abort, 'disk is full'); end`)
  await t.throwsAsync(fixture.registry.update(id, { name: 'renamed', apiKey: 'another-key' }), { message: /disk is full/ })
  t.like(fixture.registry.addressOf(id), { name: 'worker-1', apiKey: 'key-of-worker-1' })
  t.is(fixture.registry.get(id).health.status, 'online')
})

test('a removed node is gone, and the result of its running check is dropped', async (t) => {
  const fixture = await startedRegistry(t)
  const { registry, clock } = fixture
  const { id } = await onlineNode(fixture)
  const startedAt = clock.now()
  await registry.remove(id)
  t.throws(() => registry.observe(id, failedCheck(startedAt)), { code: 'NOT_FOUND' })
  t.is(registry.find(id), undefined)
  t.is(registry.keyOf(id), null)
  t.is(rowOf(fixture, id), undefined)
  t.deepEqual(fixture.removed, [id])
  await registry.flush()
  t.is(rowOf(fixture, id), undefined)
  await t.throwsAsync(registry.remove(id), { code: 'NOT_FOUND' })
})

test('a check from before a removal does not count for a new node with the same id', async (t) => {
  const fixture = await startedRegistry(t)
  const { registry, clock } = fixture
  const input = nodeInput()
  await onlineNode(fixture, input)
  const startedAt = clock.now()
  clock.advance(10)
  await registry.remove(input.id)
  await registry.register({ ...input, apiEndpoint: 'http://10.0.0.3:8080' })
  clock.advance(10)
  t.is(registry.observe(input.id, failedCheck(startedAt)).health.consecutiveFailures, 0)
  t.is(registry.observe(input.id, { kind: 'check-passed', by: 'check', startedAt }).health.status, 'offline')
})

test('a node removed during an update stays removed', async (t) => {
  const { registry } = await startedRegistry(t)
  const { id } = await registry.register(nodeInput())
  const update = registry.update(id, { apiEndpoint: 'http://10.0.0.3:8080' })
  const removal = registry.remove(id)
  await Promise.allSettled([update, removal])
  t.is(registry.find(id), undefined)
  t.is(registry.keyOf(id), null)
})

test('this node cannot be removed', async (t) => {
  const { registry } = await startedRegistry(t)
  await t.throwsAsync(registry.remove(primaryId), { code: 'FORBIDDEN' })
  t.is(registry.get(primaryId).name, 'main')
})

test('a change of status is written at once', async (t) => {
  const fixture = await startedRegistry(t)
  const { id } = await onlineNode(fixture)
  await until(() => rowOf(fixture, id)?.status === 'online')
  fail(fixture, id, 3)
  await until(() => rowOf(fixture, id)?.status === 'offline')
  t.like(rowOf(fixture, id), { status: 'offline', status_reason: 'connection refused', consecutive_failures: 3 })
  t.is(fixture.messages().filter((message) => message === 'node status changed').length, 2)
})

test('timestamps are written in batches: a thousand heartbeats from three nodes are three rows', async (t) => {
  const fixture = await startedRegistry(t)
  const nodes = [
    await onlineNode(fixture, nodeInput('a')),
    await onlineNode(fixture, nodeInput('b')),
    await onlineNode(fixture, nodeInput('c')),
  ]
  await fixture.registry.flush()
  const connection = fixture.database.em.getConnection()
  const written = async (): Promise<number> => (await connection.execute<{ n: number }[]>('select total_changes() as n'))[0]?.n ?? 0
  const before = await written()
  const seen = nodes.map(({ id }) => rowOf(fixture, id)?.last_seen)
  fixture.clock.advance(60_000)
  for (let i = 0; i < 1000; i++) for (const { id } of nodes) fixture.registry.observe(id, { kind: 'heartbeat' })
  t.is(await written(), before)
  t.deepEqual(
    nodes.map(({ id }) => rowOf(fixture, id)?.last_seen),
    seen,
  )
  await fixture.registry.flush()
  t.is(await written(), before + 3)
  t.is(new Date(rowOf(fixture, nodes[0]?.id ?? '')?.last_seen ?? 0).getTime(), fixture.clock.now().getTime())
  await fixture.registry.flush()
  t.is(await written(), before + 3, 'nothing changed since')
})

test('a failed write is retried with the next batch', async (t) => {
  const fixture = await startedRegistry(t)
  const { id } = await onlineNode(fixture)
  await fixture.registry.flush()
  const connection = fixture.database.em.getConnection()
  await connection.execute(`create trigger full before update on nodes begin select raise(abort, 'disk is full'); end`)
  fail(fixture, id, 3)
  await t.throwsAsync(fixture.registry.flush(), { message: /disk is full/ })
  t.is(rowOf(fixture, id)?.status, 'online')
  await connection.execute('drop trigger full')
  await fixture.registry.flush()
  t.is(rowOf(fixture, id)?.status, 'offline')
})

test('a check that started before a heartbeat cannot undo it, and observations during a write are kept', async (t) => {
  const fixture = await startedRegistry(t)
  const { registry, clock } = fixture
  const { id } = await onlineNode(fixture)
  const startedAt = clock.now()
  clock.advance(1)
  fail(fixture, id, 3)
  t.is(registry.get(id).health.status, 'offline')
  registry.observe(id, { kind: 'heartbeat' })
  registry.observe(id, failedCheck(startedAt, 'did not answer within 5 s'))
  t.like(registry.get(id).health, { status: 'online', consecutiveFailures: 0 })

  clock.advance(1)
  const change = registry.update(id, { name: 'renamed' })
  fail(fixture, id, 3)
  await change
  t.like(registry.get(id), { name: 'renamed', health: { ...registry.get(id).health, status: 'offline', consecutiveFailures: 3 } })
  await registry.flush()
  t.like(rowOf(fixture, id), { name: 'renamed', status: 'offline' })
})

test('reads return copies, so only the registry changes a node', async (t) => {
  const fixture = await startedRegistry(t)
  const { id } = await onlineNode(fixture)
  fixture.registry.get(id).name = 'changed outside'
  for (const node of fixture.registry.list()) node.name = 'changed outside'
  t.is(fixture.registry.get(id).name, 'worker-1')
})

test('a restart restores every node and spreads the first checks over 30 s', async (t) => {
  const fixture = await startedRegistry(t)
  const ids: string[] = []
  for (let i = 0; i < 60; i++) ids.push((await onlineNode(fixture, nodeInput(`worker-${i}`))).id)
  const [dead = '', silent = ''] = ids
  fail(fixture, dead, 12)
  fail(fixture, silent, 5)
  const before = fixture.registry.get(dead)
  fixture.clock.advance(600_000)

  const again = await fixture.restart()
  await again.registry.start()
  t.is(again.registry.list().length, 61)
  t.deepEqual(again.registry.due(), [])
  t.like(again.registry.get(dead).health, {
    status: 'unreachable',
    consecutiveFailures: 12,
    statusReason: 'connection refused',
    statusSince: before.health.statusSince,
    lastSeen: before.health.lastSeen,
  })
  t.like(again.registry.get(silent).health, { status: 'offline', consecutiveFailures: 5 })

  const perSecond: number[] = []
  for (let second = 0, seen = 0; second < 30; second++) {
    again.clock.advance(1000)
    const due = again.registry.due().length
    perSecond.push(due - seen)
    seen = due
  }
  t.is(again.registry.due().length, 60, 'every node is due within 30 s, whatever its backoff was')
  t.true(Math.max(...perSecond) <= 12, `spread: ${perSecond.join(' ')}`)
})

test("this node's former id is forgotten, and another node with its name stops the start", async (t) => {
  const fixture = await startedRegistry(t)
  await onlineNode(fixture, nodeInput('worker-1'))
  const renewed = await fixture.restart({ self: { id: nodeInput().id } })
  await renewed.registry.start()
  t.deepEqual(
    renewed.registry.list().map(({ name }) => name),
    ['main', 'worker-1'],
  )
  t.is(renewed.registry.find(primaryId), undefined)

  const renamed = await renewed.restart({ self: { name: 'worker-1' } })
  await t.throwsAsync(renamed.registry.start(), { instanceOf: StartError, message: /^NODE_NAME: / })
})

test('a secondary knows only itself, whatever it was before', async (t) => {
  const fixture = await startedRegistry(t)
  await onlineNode(fixture)
  const secondary = await fixture.restart({ self: { isPrimary: false } })
  await secondary.registry.start()
  t.deepEqual(
    secondary.registry.list().map(({ name, isPrimary }) => ({ name, isPrimary })),
    [{ name: 'main', isPrimary: false }],
  )
})

test('starting uses only the given clock', async (t) => {
  const fixture = await registryOf(t)
  await fixture.registry.start()
  t.deepEqual(fixture.registry.get(primaryId).health.lastSeen, fixture.clock.now())
})
