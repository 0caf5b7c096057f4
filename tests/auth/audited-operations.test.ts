import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Operation } from '../../api/apps/operation.ts'
import { createAuditLog } from '../../api/auth/audit-log.ts'
import { AppError } from '../../api/errors.ts'
import type { ClusterNode } from '../../api/cluster/members/node-registry.ts'
import { createNodeEvents } from '../../api/cluster/node-events.ts'
import { createAuditedOperations } from '../../api/auth/audited-operations.ts'
import { dataFolder } from '../helpers/data-folder.ts'
import { testDatabase } from '../helpers/database.ts'
import { createManualClock } from '../helpers/manual-clock.ts'
import { recordedLog } from '../helpers/recorded-log.ts'
import { primaryId as nodeId, registryOf } from '../helpers/registry.ts'
import { someOperation } from '../helpers/things.ts'

const alice = { name: 'alice', via: 'token', tokenName: 'deploys', address: '192.0.2.7' }
const queued = (given: Partial<Operation> = {}): Operation =>
  someOperation({ nodeId, status: 'queued', progress: 0, startedAt: null, finishedAt: null, ...given })

/** One node's audit log in a real database file. The test supplies the operations. */
async function setUp(t: ExecutionContext<unknown>, path = join(dataFolder(t), 'selfhostly.db')) {
  const database = await testDatabase(t, path)
  const clock = createManualClock()
  const { log } = recordedLog()
  const audit = createAuditLog({ em: database.em, clock })
  const operations = new Map<string, Operation>()
  const { registry } = await registryOf(t, { clock })
  await registry.start()
  const nodes = new Map<string, ClusterNode>(registry.list().map((node) => [node.id, node]))
  const nodeEvents = createNodeEvents({ log })
  const audited = createAuditedOperations({
    em: database.em,
    audit,
    operationOf: (id) => operations.get(id),
    findNode: (id) => nodes.get(id),
    nodeEvents,
    log,
  })
  await audited.start()
  const begin = async (operation = queued()): Promise<Operation> => {
    await audited.around(
      alice,
      { action: 'app.create', nodeId, subject: 'web' },
      async () => ({ operation, appId: 'a1' }),
      ({ appId }) => ({ appId }),
    )
    return operation
  }
  const say = (operation: Operation): void => {
    operations.set(operation.id, operation)
    nodeEvents.emit('operationChanged', operation)
  }
  /** Newest first, after everything is written. */
  const lines = async () => {
    await audited.flush()
    return audit.list({}, { limit: 100 })
  }
  const execute = (sql: string) => database.em.getConnection().execute(sql)
  const node = nodes.get(nodeId) as ClusterNode
  const change = (now: ClusterNode): void => nodeEvents.emit('changed', { node: now, before: node.health })
  return { nodeEvents, change, path, database, clock, audit, audited, operations, nodes, node, begin, say, lines, execute }
}

const ended = (operation: Operation, given: Partial<Operation>): Operation => ({
  ...operation,
  startedAt: new Date('2026-01-26T20:00:10Z'),
  finishedAt: new Date('2026-01-26T20:01:12.500Z'),
  ...given,
})

test("an action's line ends with its operation: outcome, reason, duration", async (t) => {
  const { audited, begin, say, lines } = await setUp(t)
  const operation = await begin()
  const [started, ...none] = await lines()
  t.deepEqual(none, [], 'no outcome while it runs')
  t.like(started, { outcome: 'started', ended: null, durationMs: null })
  t.is(audited.operationSince(started?.id ?? 0), operation.id)
  say({ ...operation, status: 'running' })
  t.is((await lines()).length, 1)
  say(ended(operation, { status: 'failed', error: 'service web: the image localhost:1/absent cannot be had' }))
  const [end, begun, ...more] = await lines()
  t.deepEqual(more, [])
  t.like(end, {
    actor: 'alice',
    via: 'token',
    tokenName: 'deploys',
    address: '192.0.2.7',
    action: 'app.create',
    appId: 'a1',
    nodeId,
    subject: 'web',
  })
  t.like(end, {
    outcome: 'failed',
    detail: 'service web: the image localhost:1/absent cannot be had',
    durationMs: 62_500,
    startedId: begun?.id,
  })
  t.is(begun?.ended?.id, end?.id)
  t.is(audited.operationSince(started?.id ?? 0), undefined)
  say(ended(operation, { status: 'failed' }))
  t.is((await lines()).length, 2, 'it ends once')
})

for (const [status, durationMs] of [
  ['succeeded', 62_500],
  ['cancelled', 62_500],
  ['interrupted', null],
] as const) {
  test(`an operation that is ${status} is recorded as that`, async (t) => {
    const { begin, say, lines } = await setUp(t)
    say(ended(await begin(), { status, error: status === 'succeeded' ? null : 'why' }))
    t.like((await lines())[0], { outcome: status, detail: status === 'succeeded' ? null : 'why', durationMs })
  })
}

test('an operation that ends before the action returns is recorded', async (t) => {
  const { operations, begin, lines } = await setUp(t)
  const operation = queued()
  operations.set(operation.id, ended(operation, { status: 'succeeded' }))
  await begin(operation)
  t.like((await lines())[0], { outcome: 'succeeded', durationMs: 62_500 })
})

test('an action that fails to queue an operation is recorded at once, with its duration', async (t) => {
  const { audited, clock, lines } = await setUp(t)
  const refused = audited.around(alice, { action: 'app.start' }, async () => {
    clock.advance(300)
    throw new Error('no')
  })
  await t.throwsAsync(refused, { message: 'no' })
  t.like((await lines())[0], { outcome: 'failed', detail: 'no', durationMs: 300 })
})

test('a node lost during an operation: unknown, logged once, and the outcome follows when the node is back', async (t) => {
  const { audited, node, begin, change, say, lines } = await setUp(t)
  const operation = await begin()
  const lost = { ...node, name: 'worker-1', health: { ...node.health, status: 'offline' as const, statusReason: 'no answer' } }
  change({ ...node })
  change(lost)
  await audited.flush()
  change({ ...lost, health: { ...lost.health, status: 'unreachable' } })
  const [unknown, begun, ...more] = await lines()
  t.deepEqual(more, [])
  t.like(unknown, {
    outcome: 'unknown',
    durationMs: null,
    detail: 'worker-1 is offline: no answer. The outcome follows when the node is back',
  })
  t.is(begun?.ended?.outcome, 'unknown')
  say(ended(operation, { status: 'succeeded' }))
  const [end, , first] = await lines()
  t.like(end, { outcome: 'succeeded', startedId: first?.id })
  t.is(first?.ended?.outcome, 'succeeded', 'the last outcome counts')
})

test('a node that is removed or no longer knows the operation leaves the outcome unknown for good', async (t) => {
  const { nodeEvents, begin, say, lines } = await setUp(t)
  const [one, two] = [await begin(), await begin()]
  say({ ...two, status: 'running' })
  nodeEvents.emit('snapshotApplied', nodeId)
  t.like((await lines())[0], { outcome: 'unknown', detail: 'main does not know this operation: it never started, or is forgotten' })
  nodeEvents.emit('removed', nodeId)
  t.like((await lines())[0], { outcome: 'unknown', detail: 'The node was removed before it reported the outcome' })
  t.is((await lines()).length, 4)
  say(ended(one, { status: 'succeeded' }))
  say(ended(two, { status: 'succeeded' }))
  t.is((await lines()).length, 4)
})

test('after a restart running operations still end, and actions that were cut off are recorded as interrupted', async (t) => {
  const first = await setUp(t)
  const operation = await first.begin()
  await first.execute(
    `insert into audit_entries (at, actor, via, address, action, outcome) values (0, 'bob', 'session', '192.0.2.8', 'node.remove', 'started')`,
  )
  await first.database.close(true)
  const second = await setUp(t, first.path)
  const [cut, begun] = await second.lines()
  t.like(cut, { actor: 'bob', action: 'node.remove', outcome: 'interrupted', startedId: begun?.id, durationMs: null })
  second.say(ended(operation, { status: 'succeeded' }))
  t.like((await second.lines())[0], { actor: 'alice', action: 'app.create', appId: 'a1', outcome: 'succeeded', durationMs: 62_500 })
  await second.database.close(true)
  const third = await setUp(t, first.path)
  t.is((await third.lines()).length, 4, 'nothing is logged twice')
})

test('an outcome that cannot be written is written later', async (t) => {
  const { begin, say, lines, execute } = await setUp(t)
  const operation = await begin()
  await execute(`create trigger "disk_full" before insert on "audit_entries" begin select raise(abort, 'disk full'); end`)
  say(ended(operation, { status: 'succeeded' }))
  t.is((await lines()).length, 1)
  await execute('drop trigger "disk_full"')
  t.like((await lines())[0], { outcome: 'succeeded', durationMs: 62_500 })
})

test('an action whose answer was lost ends when its operation is heard of, also after a restart', async (t) => {
  const first = await setUp(t)
  const operation = queued()
  const lost = new AppError('NODE_UNREACHABLE', 'worker did not answer', {
    isOutcomeUnknown: true,
    mayHaveBegun: { operationId: operation.id, nodeId },
  })
  const act = (node: typeof first) => node.audited.around(alice, { action: 'app.create', nodeId }, () => Promise.reject(lost))
  await t.throwsAsync(act(first), { is: lost })
  t.like((await first.lines())[0], { outcome: 'unknown', detail: 'NODE_UNREACHABLE: worker did not answer' })
  const second = await setUp(t, first.path)
  second.say(ended(operation, { status: 'succeeded' }))
  const [end, , started] = await second.lines()
  t.like(end, { outcome: 'succeeded', durationMs: 62_500 })
  t.like(started, { outcome: 'started', ended: { outcome: 'succeeded' } })

  // It may have been heard of already when the answer is known to be lost.
  await t.throwsAsync(act(second), { is: lost })
  t.is((await second.lines())[0]?.outcome, 'succeeded')
})
