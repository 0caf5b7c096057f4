import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { createAuditLog } from '../../api/auth/audit-log.ts'
import { AppError } from '../../api/errors.ts'
import { dataFolder } from '../helpers/data-folder.ts'
import { testDatabase } from '../helpers/database.ts'
import { createManualClock } from '../helpers/manual-clock.ts'

const alice = { name: 'alice', via: 'session', address: '192.0.2.7' }
const all = { limit: 100 }
const outside = `new (require('node:sqlite').DatabaseSync)(process.argv[1]).exec(process.argv[2])`

async function setUp(t: ExecutionContext<unknown>) {
  const path = join(dataFolder(t), 'selfhostly.db')
  const { em } = await testDatabase(t, path)
  const clock = createManualClock()
  const audit = createAuditLog({ em, clock })
  const execute = (sql: string) => em.getConnection().execute(sql)
  /** Another program that uses the same file. Needs its own process, because two SQLite libraries in one process release each other's locks. */
  const executeOutside = (sql: string) => execFileSync(process.execPath, ['-e', outside, path, sql], { stdio: 'pipe' })
  return { audit, clock, execute, executeOutside }
}

test('an action writes two lines: its start with actor and address, and its outcome', async (t) => {
  const { audit, clock } = await setUp(t)
  const result = await audit.around(
    alice,
    { action: 'app.create', nodeId: 'n1', subject: 'web' },
    async () => {
      clock.advance(1000)
      return 'app-1'
    },
    (appId) => ({ appId }),
  )
  t.is(result, 'app-1')
  const [ended, started] = await audit.list({}, all)
  t.like(started, { actor: 'alice', via: 'session', address: '192.0.2.7', action: 'app.create', nodeId: 'n1', appId: null, subject: 'web' })
  t.like(started, { outcome: 'started', startedId: null, detail: null, at: new Date(clock.now().getTime() - 1000) })
  t.like(ended, { outcome: 'succeeded', startedId: started?.id, appId: 'app-1', nodeId: 'n1', subject: 'web', at: clock.now() })
})

test('a failure is logged with its reason and rethrown unchanged', async (t) => {
  const { audit } = await setUp(t)
  const conflict = new AppError('CONFLICT', 'the name is taken')
  const thrown = await t.throwsAsync(audit.around(alice, { action: 'node.add' }, () => Promise.reject(conflict)))
  t.is(thrown, conflict)
  await t.throwsAsync(audit.around(alice, { action: 'node.add' }, () => Promise.reject(new Error('x'.repeat(5000)))))
  const [bug, , expected, started] = await audit.list({}, all)
  t.like(expected, { outcome: 'failed', detail: 'CONFLICT: the name is taken', startedId: started?.id })
  t.is(bug?.detail?.length, 1000)
  t.true(bug?.detail?.endsWith('…'), 'cut so that one sees it')
})

test('lines cannot be changed or deleted, neither by this program nor by another', async (t) => {
  const { audit, execute, executeOutside } = await setUp(t)
  await audit.note(alice, { action: 'sign-in' }, 'denied', 'not on the list')
  const before = await audit.list({}, all)
  const tampering = [
    `update audit_entries set actor = 'bob'`,
    'delete from audit_entries',
    'delete from audit_entries where id = 1',
    'insert or replace into audit_entries select * from audit_entries',
  ]
  for (const sql of tampering) {
    await t.throwsAsync(execute(sql), { message: /append-only/ }, sql)
    t.throws(() => executeOutside(sql), { message: /append-only/ }, sql)
  }
  t.deepEqual(await audit.list({}, all), before)
})

test('an action that cannot be logged does not run', async (t) => {
  const { audit, execute } = await setUp(t)
  await execute(`create trigger "disk_full" before insert on "audit_entries" begin select raise(abort, 'disk full'); end`)
  let done = false
  const act = async () => void (done = true)
  await t.throwsAsync(audit.around(alice, { action: 'app.create' }, act), { message: /disk full/ })
  t.false(done)
  await t.throwsAsync(audit.note(alice, { action: 'sign-in' }, 'succeeded'), { message: /disk full/ })
  await execute(`drop trigger "disk_full"`)
  await execute(
    `create trigger "full_later" before insert on "audit_entries" when new.outcome <> 'started' begin select raise(abort, 'disk full'); end`,
  )
  await t.throwsAsync(audit.around(alice, { action: 'app.create' }, act), { message: /disk full/ }, 'an outcome that cannot be written')
  t.true(done)
})

test('lines can be filtered and paged, newest first', async (t) => {
  const { audit, clock } = await setUp(t)
  const actions = ['app.create', 'app.remove', 'node.add', 'app_x', '100%']
  for (const action of actions) {
    await audit.note(
      { ...alice, name: action === 'node.add' ? 'bob' : 'alice' },
      { action, nodeId: 'n1', appId: action.startsWith('app.') ? 'a1' : null },
      action === 'app.remove' ? 'failed' : 'succeeded',
    )
    clock.advance(1000)
  }
  const found = async (filter: Parameters<typeof audit.list>[0]) => (await audit.list(filter, all)).map(({ action }) => action).reverse()
  t.deepEqual(await found({}), actions)
  t.deepEqual(await found({ action: 'app.' }), ['app.create', 'app.remove'])
  t.deepEqual(await found({ action: 'app_' }), ['app_x'], 'an underscore is no wildcard')
  t.deepEqual(await found({ action: '%' }), [])
  t.deepEqual(await found({ action: '100%' }), ['100%'])
  t.deepEqual(await found({ actor: 'bob' }), ['node.add'])
  t.deepEqual(await found({ appId: 'a1', outcome: 'failed' }), ['app.remove'])
  t.deepEqual(await found({ nodeId: 'n2' }), [])
  const at = (seconds: number) => new Date(new Date('2026-01-26T20:00:00Z').getTime() + seconds * 1000)
  t.deepEqual(await found({ since: at(1), until: at(2) }), ['app.remove', 'node.add'])
  t.is(await audit.count({ action: 'app.' }), 2)
  const first = await audit.list({}, { limit: 2 })
  const second = await audit.list({}, { limit: 2, before: first.at(-1)?.id })
  t.deepEqual(
    [...first, ...second].map(({ action }) => action),
    actions.slice(1).reverse(),
  )
})

test('a search finds text in any column, case or not, and reads no wildcards but single characters', async (t) => {
  const { audit } = await setUp(t)
  await audit.note(alice, { action: 'app.create', subject: 'Web_Shop 50%' }, 'succeeded')
  await audit.note({ ...alice, name: 'bob', address: '203.0.113.9' }, { action: 'node.add', subject: 'worker' }, 'failed', 'No answer')
  const found = async (search: string) => (await audit.list({ search }, all)).map(({ action }) => action)
  for (const [search, actions] of [
    ['web_shop', ['app.create']],
    ['50%', ['app.create']],
    ['5%shop', []],
    ['BOB', ['node.add']],
    ['no answer', ['node.add']],
    ['203.0.113', ['node.add']],
    ['node.', ['node.add']],
    [' ', ['node.add', 'app.create']],
  ] as const) {
    t.deepEqual(await found(search), [...actions], search)
  }
  t.is(await audit.count({ search: 'worker' }), 1)
})
