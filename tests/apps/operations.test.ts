import { setImmediate as nextTurn } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import type { Operation, OperationKind } from '../../api/apps/operation.ts'
import { OperationEntity, operationOf, type OperationRow } from '../../api/apps/operation.entity.ts'
import type { Task } from '../../api/apps/operation-execution.ts'
import type { OperationRun } from '../../api/apps/operation-run.ts'
import { createOperations } from '../../api/apps/operations.ts'
import type { Database } from '../../api/db/orm.ts'
import { testDatabase } from '../helpers/database.ts'
import { createManualClock, type ManualClock } from '../helpers/manual-clock.ts'
import { recordedLog } from '../helpers/recorded-log.ts'
import { primaryId as nodeId } from '../helpers/registry.ts'
import { someOperation } from '../helpers/things.ts'
import { until } from '../helpers/until.ts'

const web = { id: '00000000-0000-4000-8000-0000000000a1', name: 'web' }
const shop = { id: '00000000-0000-4000-8000-0000000000a2', name: 'shop' }
const blog = { id: '00000000-0000-4000-8000-0000000000a3', name: 'blog' }

interface HeldRun extends OperationRun {
  label: string
  finish: () => void
  fail: (error: unknown) => void
}

async function fixtureOf(t: ExecutionContext<unknown>, given: { parallel?: number; database?: Database; clock?: ManualClock } = {}) {
  const { parallel = 4, clock = createManualClock() } = given
  const database = given.database ?? (await testDatabase(t))
  const changes: Operation[] = []
  const ended: string[] = []
  /** Work in the order it started. The test finishes it. */
  const runs: HeldRun[] = []
  const { log } = recordedLog()
  const operations = createOperations({
    em: database.em,
    nodeId,
    clock,
    log,
    deadlineMs: 900_000,
    parallel,
    onChange: (operation) => void changes.push(operation),
  })
  const taskOf = (label: string): Task => ({
    work: (run) =>
      new Promise((resolve, reject) => {
        runs.push({ ...run, label, finish: resolve, fail: reject })
        run.signal.addEventListener('abort', () => reject(new Error('its child was ended')))
      }),
    after: async (operation) => void ended.push(`${label} ${operation.status}`),
  })
  const enqueue = (label: string, app: { id: string; name: string }, kind: OperationKind = 'start'): Promise<Operation> =>
    operations.enqueue(kind, app, {}, taskOf(label))
  return {
    operations,
    database,
    clock,
    changes,
    ended,
    runs,
    enqueue,
    taskOf,
    labels: () => runs.map(({ label }) => label),
    /** The row as another process would read it. */
    stored: (id: string) => database.em.fork().findOneOrFail(OperationEntity, { id }),
    isOver: (id: string) => until(() => changes.some((each) => each.id === id && each.finishedAt !== null)),
    historyOf: (id: string) => changes.filter((each) => each.id === id).map(({ status }) => status),
  }
}

test('keeps each warning once, and no number of output lines makes the progress look finished', async (t) => {
  const { operations, runs, enqueue, changes, stored, isOver, clock } = await fixtureOf(t)
  const warning = { message: 'the variable A is not set, so Compose uses an empty value', file: null, line: 3, column: 5, service: 'web' }
  const known = await operations.enqueue(
    'create',
    shop,
    {},
    { work: () => Promise.resolve(), after: () => Promise.resolve() },
    { warnings: [warning, warning] },
  )
  t.deepEqual(known.warnings, [warning])
  const queued = await enqueue('first', web)
  await until(() => runs.length === 1)
  for (let at = 0; at < 200; at++) runs.at(-1)?.warn({ ...warning, message: `the variable A${at % 100} is not set` })
  clock.advance(150)
  t.is(changes.at(-1)?.progress, 0, 'a warning does not change the progress')
  t.is(changes.at(-1)?.warnings.length, 50)
  for (let at = 0; at < 2000; at++) runs[0]?.line(`#5 ${at} compiling`)
  clock.advance(150)
  const progress = changes.at(-1)?.progress ?? 0
  t.true(progress > 60 && progress < 90, String(progress))
  runs[0]?.finish()
  await isOver(queued.id)
  t.is((await stored(queued.id)).warnings.length, 50)
})

test('an operation is saved, runs, reports its progress and ends', async (t) => {
  const { enqueue, runs, changes, stored, isOver, historyOf, clock } = await fixtureOf(t)
  const queued = await enqueue('first', web, 'create')
  t.like(queued, { status: 'queued', kind: 'create', progress: 0, appId: web.id, appName: 'web', nodeId, startedAt: null, output: [] })
  t.like(await stored(queued.id), { appName: 'web' })
  await until(() => runs.length === 1)
  runs[0]?.step(20, 'Starting containers')
  runs[0]?.line('Creating web-web-1 ... done')
  clock.advance(150)
  t.like(changes.at(-1), { status: 'running', progress: 21, message: 'Starting containers', output: ['Creating web-web-1 ... done'] })
  clock.advance(1000)
  runs[0]?.finish()
  await isOver(queued.id)
  t.deepEqual(historyOf(queued.id), ['queued', 'running', 'running', 'succeeded'])
  const end = { status: 'succeeded', progress: 100, message: 'Done', error: null, finishedAt: clock.now() } as const
  t.like(changes.at(-1), end)
  await until(() => clock.waiting() === 0)
  t.like(await stored(queued.id), { ...end, output: ['Creating web-web-1 ... done'] })
})

test('runs one operation at a time per app, in order, and several apps at once up to the limit', async (t) => {
  const { enqueue, runs, labels, ended } = await fixtureOf(t, { parallel: 2 })
  for (const [label, app] of [
    ['web 1', web],
    ['web 2', web],
    ['shop 1', shop],
    ['blog 1', blog],
    ['web 3', web],
  ] as const)
    await enqueue(label, app)
  await until(() => runs.length === 2)
  await nextTurn()
  t.deepEqual(labels(), ['web 1', 'shop 1'])
  runs[1]?.finish()
  await until(() => runs.length === 3)
  t.deepEqual(labels(), ['web 1', 'shop 1', 'blog 1'])
  runs[0]?.finish()
  await until(() => runs.length === 4)
  t.is(labels()[3], 'web 2')
  runs[2]?.finish()
  runs[3]?.finish()
  await until(() => runs.length === 5)
  t.is(labels()[4], 'web 3')
  runs[4]?.finish()
  await until(() => ended.length === 5)
})

test("a failure has a reason, and the app's next operation starts only after the outcome is saved", async (t) => {
  const { operations, enqueue, runs, ended, stored, isOver } = await fixtureOf(t)
  const first = await enqueue('first', web)
  const second = await enqueue('second', web)
  await until(() => runs.length === 1)
  t.is(operations.activeOf(web.id)?.id, first.id)
  runs[0]?.fail(new Error('service web: pull access denied'))
  await until(() => runs.length === 2)
  t.deepEqual(ended, ['first failed'])
  t.like(await stored(first.id), { status: 'failed', error: 'service web: pull access denied' })
  t.is(operations.activeOf(web.id)?.id, second.id)
  runs[1]?.finish()
  await isOver(second.id)
  t.is(operations.activeOf(web.id), undefined)
})

test('cancelling a running operation ends its work', async (t) => {
  const { operations, enqueue, runs, stored, isOver } = await fixtureOf(t)
  const { id } = await enqueue('first', web)
  await until(() => runs.length === 1)
  t.like(await operations.cancel(id), { id })
  t.true(runs[0]?.signal.aborted)
  await isOver(id)
  t.like(await stored(id), { status: 'cancelled', error: 'Cancelled' })
})

test('a cancelled queued operation ends at once and never starts', async (t) => {
  const { operations, enqueue, runs, labels, ended, historyOf, stored } = await fixtureOf(t)
  await enqueue('first', web)
  const { id } = await enqueue('second', web)
  await enqueue('third', web)
  await until(() => runs.length === 1)
  t.like(await operations.cancel(id), { status: 'cancelled', error: 'Cancelled' })
  t.like(await stored(id), { status: 'cancelled', startedAt: null })
  runs[0]?.finish()
  await until(() => runs.length === 2)
  t.deepEqual(labels(), ['first', 'third'])
  t.deepEqual(ended, ['first succeeded', 'second cancelled'])
  t.deepEqual(historyOf(id), ['queued', 'cancelled'])
  runs[1]?.finish()
  await until(() => ended.length === 3)
})

test('cancelling an ended operation changes nothing; an unknown one is not found', async (t) => {
  const { operations, enqueue, runs, isOver } = await fixtureOf(t)
  const { id } = await enqueue('first', web)
  await until(() => runs.length === 1)
  runs[0]?.finish()
  await isOver(id)
  await until(() => operations.activeOf(web.id) === undefined)
  t.like(await operations.cancel(id), { status: 'succeeded' })
  await t.throwsAsync(operations.cancel(web.id), { code: 'NOT_FOUND' })
})

test('the deadline counts from the start of the work and not from queueing', async (t) => {
  const { enqueue, runs, clock, stored, isOver } = await fixtureOf(t)
  const first = await enqueue('first', web)
  const second = await enqueue('second', web)
  await until(() => runs.length === 1)
  clock.advance(899_999)
  t.false(runs[0]?.signal.aborted)
  runs[0]?.finish()
  await isOver(first.id)
  await until(() => runs.length === 2)
  clock.advance(899_999)
  t.false(runs[1]?.signal.aborted)
  clock.advance(1)
  await isOver(second.id)
  t.like(await stored(second.id), { status: 'failed', error: 'Did not finish within 900 s. OPERATION_TIMEOUT sets this limit' })
})

test('while something with a deadline of its own is waited for, the deadline does not count, but no wait is endless', async (t) => {
  const { enqueue, runs, clock, stored, isOver } = await fixtureOf(t)
  const [patient, endless] = [await enqueue('patient', web), await enqueue('endless', shop)]
  await until(() => runs.length === 2)
  const waited = Promise.withResolvers<void>()
  void runs[0]?.withoutDeadline(() => waited.promise)
  void runs[1]?.withoutDeadline(() => new Promise(() => {}))
  clock.advance(900_000)
  t.false(runs[0]?.signal.aborted)
  waited.resolve()
  await until(() => clock.waits().includes(900_000))
  clock.advance(900_000)
  await isOver(patient.id)
  t.regex((await stored(patient.id)).error ?? '', /within 900 s/)
  clock.advance(24 * 3_600_000)
  await isOver(endless.id)
  t.like(await stored(endless.id), { status: 'failed', error: 'Did not end within 24 h. Check whether Docker runs, then try again' })
  t.is(clock.waiting(), 0, 'nothing waits any more')
})

test('more than can be stored is refused, and leaves no trace', async (t) => {
  const { operations, taskOf } = await fixtureOf(t)
  const services = Array.from({ length: 3000 }, (_, index) => `${'x'.repeat(100)}${index}`)
  await t.throwsAsync(operations.enqueue('restart', web, { services }, taskOf('large')), {
    code: 'INVALID_INPUT',
    message: /^What is asked of this operation has \d+ KiB\. The maximum is 256 KiB$/,
  })
  t.deepEqual(await operations.recent(10), [])
  t.is(operations.activeOf(web.id), undefined)
})

/** Puts operations into the database that an earlier run left, and takes them up in a new one. */
async function restarted(t: ExecutionContext<unknown>, rows: (Partial<OperationRow> & Operation)[]) {
  const database = await testDatabase(t)
  await database.em.fork().insertMany(
    OperationEntity,
    rows.map(({ nodeId: _, ...row }) => ({ input: {}, ...row })),
  )
  const node = await fixtureOf(t, { database })
  const left = await node.operations.unfinished()
  for (const each of left) await node.operations.resume(each, each.input ?? {}, node.taskOf(each.operation.appName ?? ''), null)
  return { ...node, left }
}

const leftOf = (app: { id: string; name: string }, given: Partial<OperationRow> = {}): Partial<OperationRow> & Operation => ({
  ...someOperation({ nodeId, status: 'running', finishedAt: null, progress: 40, appId: app.id, appName: app.name, output: ['first line'] }),
  ...given,
})

test('after a restart, what ran starts over, what waited runs, and what had ended stays as it was', async (t) => {
  const ran = leftOf(web, { createdAt: new Date('2026-01-02') })
  const waited = leftOf(web, { status: 'queued', startedAt: null, createdAt: new Date('2026-01-01'), progress: 0, output: [] })
  const other = leftOf(shop, { input: { pull: true } })
  const over = someOperation({ nodeId, status: 'failed', error: 'as it was' })
  const { runs, left, stored, isOver, clock } = await restarted(t, [waited, ran, other, over])
  t.deepEqual(left.map(({ operation }) => operation.id).toSorted(), [ran.id, waited.id, other.id].toSorted())
  t.deepEqual(left.find(({ operation }) => operation.id === other.id)?.input, { pull: true })
  await until(() => runs.length === 2)
  t.like(await stored(ran.id), { status: 'running', progress: 0, resumed: 1, startedAt: ran.startedAt })
  t.deepEqual((await stored(ran.id)).output, ['first line', 'The node stopped here. Starting over'])
  t.like(await stored(waited.id), { status: 'queued', resumed: 0 })
  runs[0]?.finish()
  await isOver(ran.id)
  await until(() => runs.length === 3)
  for (const run of runs) run.finish()
  await isOver(waited.id)
  t.like(await stored(waited.id), { status: 'succeeded' })
  t.like(await stored(over.id), { status: 'failed', error: 'as it was' })
  await until(() => clock.waiting() === 0)
})

test('an operation that ran each time when the program ended is given up after the third time it was taken up again', async (t) => {
  const [again, tooOften] = [leftOf(web, { resumed: 2 }), leftOf(shop, { resumed: 3 })]
  const { runs, labels, ended, stored, isOver } = await restarted(t, [again, tooOften])
  await isOver(tooOften.id)
  await until(() => runs.length === 1)
  t.deepEqual(labels(), ['web'])
  t.deepEqual(ended, ['shop interrupted'])
  t.like(await stored(tooOften.id), { status: 'interrupted' })
  t.regex((await stored(tooOften.id)).error ?? '', /each of the 4 times/)
  runs[0]?.finish()
})

test('a cancel that was asked for before the program was killed is obeyed', async (t) => {
  const database = await testDatabase(t)
  const first = await fixtureOf(t, { database })
  const { id } = await first.enqueue('first', web)
  await until(() => first.runs.length === 1)
  // What the cancelled work does next would be lost with the program.
  await first.operations.cancel(id)
  await first.isOver(id)
  await database.em.fork().nativeUpdate(OperationEntity, { id }, { status: 'running', finishedAt: null })

  const second = await fixtureOf(t, { database })
  const [left] = await second.operations.unfinished()
  if (left) await second.operations.resume(left, {}, second.taskOf('first'), null)
  await second.isOver(id)
  t.like(await second.stored(id), { status: 'cancelled', error: 'Cancelled' })
  t.deepEqual([second.runs, second.ended], [[], ['first cancelled']])
})

test('stop gives running operations a grace period, leaves queued ones to the next start and refuses new ones', async (t) => {
  const { operations, enqueue, runs, clock, stored } = await fixtureOf(t)
  const running = await enqueue('running', web)
  const waiting = await enqueue('waiting', web)
  await until(() => runs.length === 1)
  const stopped = operations.stop(5000)
  t.throws(() => operations.refuseWhenStopping(), { code: 'SHUTTING_DOWN' })
  await t.throwsAsync(enqueue('new', shop), { code: 'SHUTTING_DOWN' })
  clock.advance(4000)
  t.false(runs[0]?.signal.aborted)
  runs[0]?.finish()
  await stopped
  t.like(await stored(running.id), { status: 'succeeded' })
  t.like(await stored(waiting.id), { status: 'queued', startedAt: null })
  t.is(runs.length, 1)
  t.is(clock.waiting(), 0)
})

test('an operation that does not finish within the grace period goes on at the next start', async (t) => {
  const { operations, enqueue, runs, clock, stored, ended } = await fixtureOf(t)
  const { id } = await enqueue('running', web)
  await until(() => runs.length === 1)
  const stopped = operations.stop(5000)
  clock.advance(5000)
  await stopped
  t.true(runs[0]?.signal.aborted)
  t.like(await stored(id), { status: 'queued', message: 'The node stopped. This goes on when it is back', finishedAt: null })
  t.not((await stored(id)).startedAt, null)
  t.deepEqual(ended, [])
})

test('a removal cancels what runs and waits before it, but no other removal and no other app', async (t) => {
  const { operations, enqueue, runs, stored, isOver, labels } = await fixtureOf(t)
  const [ran, waits, other] = [await enqueue('ran', web), await enqueue('waits', web), await enqueue('other', shop)]
  await until(() => runs.length === 2)
  const first = await enqueue('first removal', web, 'remove')
  const second = await enqueue('second removal', web, 'remove')
  await operations.cancelBefore(second)
  await isOver(ran.id)
  t.like(await stored(ran.id), { status: 'cancelled' })
  t.like(await stored(waits.id), { status: 'cancelled', startedAt: null })
  await until(() => runs.length === 3)
  t.deepEqual(labels(), ['ran', 'other', 'first removal'])
  t.like(await stored(other.id), { status: 'running' })
  for (const run of runs) run.finish()
  await isOver(first.id)
  await until(() => runs.length === 4)
  runs[3]?.finish()
  await isOver(second.id)
})

test('keeps the newest 500 output lines and reports them in batches', async (t) => {
  const { enqueue, runs, clock, changes, stored, isOver } = await fixtureOf(t)
  const { id } = await enqueue('first', web)
  await until(() => runs.length === 1)
  const told = changes.length
  for (let i = 1; i <= 700; i++) runs[0]?.line(i === 700 ? 'x'.repeat(10_000) : `line ${i}`)
  t.is(changes.length, told)
  clock.advance(150)
  t.is(changes.length, told + 1)
  const output = changes.at(-1)?.output ?? []
  t.is(output.length, 500)
  t.deepEqual(output.slice(0, 2), ['… and 201 earlier lines', 'line 202'])
  t.is(output.at(-1)?.length, 2000)
  t.is(changes.at(-1)?.progress, 89, 'lines alone never make it look finished')
  runs[0]?.finish()
  await isOver(id)
  clock.advance(1000)
  t.is((await stored(id)).output.length, 500)
  t.is((await stored(id)).status, 'succeeded')
})

test('a 12 KB error and a long step are cut visibly and saved that way', async (t) => {
  const { enqueue, runs, changes, stored, isOver } = await fixtureOf(t)
  const { id } = await enqueue('first', web)
  await until(() => runs.length === 1)
  runs[0]?.step(50, 'x'.repeat(5000))
  runs[0]?.fail(new Error('y'.repeat(12_000)))
  await isOver(id)
  for (const { message, error } of [changes.at(-1), await stored(id)].filter((each) => each !== undefined)) {
    t.deepEqual([message, error], [`${'x'.repeat(999)}…`, `${'y'.repeat(9999)}…`])
  }
})

test("reads a newer version's words as what is certain about them", (t) => {
  const row = { ...someOperation({ nodeId }), kind: 'teleport', status: 'half-done' } as unknown as OperationRow
  t.like(operationOf(row, nodeId), { kind: 'unknown', status: 'interrupted' })
  t.like(operationOf({ ...row, finishedAt: null }, nodeId), { status: 'running' })
  t.like(operationOf({ ...row, finishedAt: null, startedAt: null }, nodeId), { status: 'queued' })
})

test('lists the newest first, including unsaved progress, and keeps 1000 at start', async (t) => {
  const { operations, database, enqueue, runs, clock } = await fixtureOf(t)
  const rows = Array.from({ length: 1010 }, (_, i) => someOperation({ nodeId, createdAt: new Date(Date.UTC(2026, 0, 1) + i) }))
  await database.em.fork().insertMany(
    OperationEntity,
    rows.map(({ nodeId: _, ...row }) => row),
  )
  await operations.unfinished()
  t.is(await database.em.fork().count(OperationEntity), 1000)
  const { id } = await enqueue('first', web)
  await until(() => runs.length === 1)
  runs[0]?.step(33, 'not saved yet')
  const recent = await operations.recent(3)
  t.deepEqual(
    recent.map((each) => each.id),
    [id, rows[1009]?.id, rows[1008]?.id],
  )
  t.like(recent[0], { progress: 33, message: 'not saved yet' })
  clock.advance(150)
  runs[0]?.finish()
})

test('an operation that cannot be saved is refused and does not run', async (t) => {
  const { operations, database, enqueue, runs, changes } = await fixtureOf(t)
  const connection = database.em.getConnection()
  await connection.execute(`create trigger full before insert on operations begin select raise(abort, 'disk is full'); end`)
  await t.throwsAsync(enqueue('first', web), { message: /disk is full/ })
  t.is(operations.activeOf(web.id), undefined)
  await connection.execute('drop trigger full')
  await enqueue('second', web)
  await until(() => runs.length === 1)
  t.is(runs[0]?.label, 'second')
  t.is(changes.filter(({ status }) => status === 'queued').length, 1)
  runs[0]?.finish()
})
