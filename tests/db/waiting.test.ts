import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import test from 'ava'
import type { AppError } from '../../api/errors.ts'
import type { Database } from '../../api/db/orm.ts'
import { SettingEntity } from '../../api/settings/setting.entity.ts'
import { dataFolder } from '../helpers/data-folder.ts'
import { testDatabase } from '../helpers/database.ts'
import { otherProgram } from '../helpers/other-program.ts'
import { smallDisk } from '../helpers/small-disk.ts'

const row = (key: string, value = '') => ({ key, value, updatedAt: new Date(0) })
const keysIn = async (database: Database): Promise<string[]> =>
  (await database.em.fork().find(SettingEntity, {}, { orderBy: { key: 'asc' } })).map(({ key }) => key)

test.serial('a transaction whose COMMIT finds the disk full fails with a clear error, and later ones do not hang', async (t) => {
  const disk = smallDisk(t)
  const path = join(disk.folder, 'selfhostly.db')
  const told: string[] = []
  const database = await testDatabase(t, path, { onStorageError: ({ code }) => told.push(code) })
  await database.em.fork().insert(SettingEntity, row('before'))
  disk.fill()
  t.teardown(() => disk.free())
  const big = 'x'.repeat(300_000)
  const insert = () => database.em.fork().transactional((em) => em.insert(SettingEntity, row('in vain', big)))
  for (const attempt of [1, 2, 3]) {
    const error = await t.throwsAsync<AppError>(insert(), { name: 'AppError' }, `attempt ${attempt}`)
    t.regex(error.code, /^STORAGE_/)
    t.regex(error.message, /disk/)
  }
  await t.throwsAsync(database.em.fork().insert(SettingEntity, row('in vain', big)), { name: 'AppError' }, 'without a transaction')
  t.deepEqual(await keysIn(database), ['before'], 'reads still work')
  t.is(told.length, 4)

  disk.free()
  await insert()
  await database.em.fork().insert(SettingEntity, row('later'))
  t.deepEqual(await keysIn(database), ['before', 'in vain', 'later'])
})

test('a database at its size limit gives the same error, and works again when the limit is lifted', async (t) => {
  const database = await testDatabase(t)
  const pages = async (most: number): Promise<unknown> => database.em.getConnection().execute(`pragma max_page_count = ${most}`)
  await pages(1)
  const insert = (key: string) => database.em.fork().transactional((em) => em.insert(SettingEntity, row(key, 'x'.repeat(100_000))))
  await t.throwsAsync(insert('a'), { code: 'STORAGE_FULL', message: /This node's disk is full/ })
  await pages(1_000_000)
  await insert('b')
  t.deepEqual(await keysIn(database), ['b'])
})

test('while another program locks the database everything else goes on, and the writes follow later', async (t) => {
  const path = join(dataFolder(t), 'selfhostly.db')
  const database = await testDatabase(t, path, { deadlineMs: 60_000 })
  const other = await otherProgram(t, path)
  await other('begin exclusive')
  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  const order: string[] = []
  const transaction = database.em.fork().transactional((em) => em.insert(SettingEntity, row('t')))
  const writes = ['a', 'b', 'c'].map((key) =>
    database.em
      .fork()
      .insert(SettingEntity, row(key))
      .then(() => order.push(key)),
  )
  for (let turn = 0; turn < 20; turn += 1) t.deepEqual(await keysIn(database), [], 'reading needs no lock')
  // After a few retries.
  await other(`select count(*) from (with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000000) select i from n)`)
  t.deepEqual(order, [])
  delay.disable()
  t.true(delay.max < 2000e6, `the event loop was blocked for ${delay.max / 1e6} ms`)
  await other('commit')
  await Promise.all([transaction, ...writes])
  t.deepEqual(order, ['a', 'b', 'c'], 'in the order they were requested')
  t.deepEqual(await keysIn(database), ['a', 'b', 'c', 't'])
})

test('a lock that outlasts the deadline is a clear error and leaves nothing behind', async (t) => {
  const path = join(dataFolder(t), 'selfhostly.db')
  const database = await testDatabase(t, path, { deadlineMs: 300 })
  const other = await otherProgram(t, path)
  await other('begin immediate')
  const began = performance.now()
  const attempts = await Promise.allSettled([
    database.em.fork().transactional((em) => em.insert(SettingEntity, row('a'))),
    database.em.fork().insert(SettingEntity, row('b')),
    database.em.getConnection().execute('pragma wal_checkpoint(full)'),
  ])
  t.true(performance.now() - began < 3000, 'queued writes share the deadline')
  for (const attempt of attempts) {
    t.is(attempt.status, 'rejected')
    const { code, message } = (attempt as PromiseRejectedResult).reason as AppError
    t.is(code, 'STORAGE_UNAVAILABLE')
    t.regex(message, /Another program.* has locked/)
  }
  await other('commit')
  await database.em.fork().insert(SettingEntity, row('c'))
  t.deepEqual(await keysIn(database), ['c'])
})

test("no caller reads or writes inside another's transaction", async (t) => {
  const database = await testDatabase(t)
  const [inside, leave] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const failing = database.em.fork().transactional(async (em) => {
    await em.insert(SettingEntity, row('never'))
    inside.resolve()
    await leave.promise
    throw new Error('changed its mind')
  })
  await inside.promise
  const [read, written] = [keysIn(database), database.em.fork().insert(SettingEntity, row('own'))]
  leave.resolve()
  await t.throwsAsync(failing, { message: 'changed its mind' })
  t.deepEqual(await read, [])
  await written
  t.deepEqual(await keysIn(database), ['own'])
})

test('a transaction that never ends costs others no more than their deadline', async (t) => {
  const database = await testDatabase(t, undefined, { deadlineMs: 200 })
  const leave = Promise.withResolvers<void>()
  const hanging = database.em.fork().transactional(() => leave.promise)
  await t.throwsAsync(keysIn(database), { code: 'STORAGE_UNAVAILABLE' })
  await t.throwsAsync(database.em.fork().insert(SettingEntity, row('a')), { code: 'STORAGE_UNAVAILABLE' })
  leave.resolve()
  await hanging
  await database.em.fork().insert(SettingEntity, row('b'))
  t.deepEqual(await keysIn(database), ['b'])
})
