import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Migration } from '@mikro-orm/migrations'
import test from 'ava'
import { pino } from 'pino'
import { InvitationEntity } from '../../api/auth/invitation.entity.ts'
import { migrations } from '../../api/db/migrations/index.ts'
import { openDatabase } from '../../api/db/orm.ts'
import { StartError } from '../../api/errors.ts'
import { SettingEntity } from '../../api/settings/setting.entity.ts'
import { dataFolder } from '../helpers/data-folder.ts'
import { allEntities, testDatabase } from '../helpers/database.ts'

const log = pino({ level: 'silent' })
const open = (path: string, list = migrations) => openDatabase({ path, entities: allEntities, log, migrations: list })
const executed = (path: string): unknown[] => {
  const file = new DatabaseSync(path, { readOnly: true })
  try {
    return file
      .prepare('select name from schema_migrations order by id')
      .all()
      .map(({ name }) => name)
  } finally {
    file.close()
  }
}

class AddColour extends Migration {
  override up(): void {
    this.addSql(`alter table "settings" add column "colour" text null`)
  }
}
class Fail extends Migration {
  override up(): void {
    this.addSql(`create table "half" ("id" text)`)
    this.addSql(`insert into "there_is_no_such_table" values (1)`)
  }
}
const planted = [...migrations, { name: '29990101-colour', class: AddColour }]

/** A migrated file without `-wal` and `-shm`, as a stopped program leaves it. */
async function migratedFile(folder: string): Promise<string> {
  const path = join(folder, 'selfhostly.db')
  const database = await open(path)
  await database.em.fork().insert(SettingEntity, { key: 'kept', value: 'as it was', updatedAt: new Date(0) })
  await database.close(true)
  return path
}

test('a new file gets every migration, in a folder that only its owner can enter', async (t) => {
  const folder = dataFolder(t)
  const path = join(folder, 'new/data/selfhostly.db')
  await testDatabase(t, path)
  t.deepEqual(
    executed(path),
    migrations.map(({ name }) => name),
  )
  t.deepEqual(
    migrations.map(({ name }) => name),
    migrations.map(({ name }) => name).toSorted(),
    'names sort in the order they run',
  )
})

test('the file is private to its owner in any folder, and an existing one is made private', async (t) => {
  const folder = dataFolder(t)
  chmodSync(folder, 0o755)
  const path = join(folder, 'selfhostly.db')
  const modes = () => [path, `${path}-wal`, `${path}-shm`].map((file) => (statSync(file).mode & 0o777).toString(8))
  const first = await open(path)
  await first.em.fork().insert(SettingEntity, { key: 'kept', value: 'as it was', updatedAt: new Date(0) })
  t.deepEqual(modes(), ['600', '600', '600'])
  await first.close(true)
  chmodSync(path, 0o644)
  const copy = `${path}.before-some-migration`
  writeFileSync(copy, '')
  chmodSync(copy, 0o644)
  const second = await testDatabase(t, path)
  await second.em.fork().insert(SettingEntity, { key: 'more', value: 'too', updatedAt: new Date(0) })
  t.deepEqual(modes(), ['600', '600', '600'])
  t.is(statSync(copy).mode & 0o777, 0o600)
})

test('the connection uses WAL, checks foreign keys and never waits for locks inside SQLite', async (t) => {
  const database = await testDatabase(t)
  const connection = database.em.getConnection()
  const pragma = async (name: string): Promise<unknown> => Object.values((await connection.execute(`pragma ${name}`))[0] ?? {})[0]
  t.is(await pragma('journal_mode'), 'wal')
  t.is(await pragma('foreign_keys'), 1)
  t.is(await pragma('synchronous'), 1)
  t.is(await pragma('busy_timeout'), 0)
  await t.throwsAsync(connection.execute(`insert into inventory_apps (id, node_id, document) values ('a', 'nobody', '{}')`), {
    message: /FOREIGN KEY/,
  })
})

test('the migrated schema matches the entities', async (t) => {
  const database = await testDatabase(t)
  const difference = await database.schema.getUpdateSchemaSQL({ wrap: false })
  // MikroORM would drop the triggers that protect the audit log, because entities do not describe them.
  t.is(difference.replaceAll(/^drop trigger if exists `audit_entries_no_\w+`;$/gm, '').trim(), '')
})

test('open invitations of an older version keep who made them, and those of people who are gone end', async (t) => {
  const path = join(dataFolder(t), 'selfhostly.db')
  const older = await open(
    path,
    migrations.filter(({ name }) => name < '20261207-inviters'),
  )
  const run = (sql: string) => older.em.getConnection().execute(sql)
  for (const login of ['alice', 'machine'])
    await run(`insert into users (id, provider, subject, login, groups, allowed_as, created_at, last_sign_in_at)
      values ('id of ${login}', 'local', '${login}', '${login}', '[]', '', 0, 0)`)
  for (const by of ['alice', 'machine', 'gone'])
    await run(`insert into invitations (id, code_hash, note, role, invited_by, created_at, expires_at)
      values ('by ${by}', '${by}', '', 'viewer', '${by}', 0, 0)`)
  await older.close(true)
  const { em } = await testDatabase(t, path)
  const rows = await em.fork().find(InvitationEntity, {}, { orderBy: { id: 'asc' } })
  t.deepEqual(
    rows.map(({ id, inviter }) => [id, inviter]),
    [
      ['by alice', 'id of alice'],
      ['by machine', null],
    ],
  )
})

test('an entity without a migration shows up as a difference', async (t) => {
  const path = join(dataFolder(t), 'selfhostly.db')
  const first = await open(path, migrations.slice(0, 1))
  t.teardown(() => first.close(true))
  await first.em.getConnection().execute('drop table settings')
  t.regex(await first.schema.getUpdateSchemaSQL({ wrap: false }), /create table `settings`/)
})

test('data survives a restart', async (t) => {
  const path = await migratedFile(dataFolder(t))
  const again = await testDatabase(t, path)
  t.like(await again.em.fork().findOneOrFail(SettingEntity, { key: 'kept' }), { value: 'as it was', updatedAt: new Date(0) })
})

test('a file is copied once before it is migrated', async (t) => {
  const folder = dataFolder(t)
  const path = await migratedFile(folder)
  t.deepEqual(readdirSync(folder), ['selfhostly.db'], 'a new file needs no copy')

  const database = await open(path, planted)
  t.is((await database.em.getConnection().execute('select colour from settings')).length, 1)
  await database.close(true)
  const backup = `${path}.before-29990101-colour`
  t.deepEqual(
    executed(backup),
    migrations.map(({ name }) => name),
  )
  t.is(statSync(backup).mode & 0o777, 0o600)
  const copy = await testDatabase(t, backup)
  t.like(await copy.em.fork().findOne(SettingEntity, { key: 'kept' }), { value: 'as it was' })

  const again = await open(path, planted)
  await again.close(true)
  t.is(readdirSync(folder).filter((name) => /\.before-/.test(name) && !/-(wal|shm)$/.test(name)).length, 1)
})

test('a failed migration keeps the data and reports the error', async (t) => {
  const path = await migratedFile(dataFolder(t))
  await t.throwsAsync(open(path, [...migrations, { name: '29990101-fail', class: Fail }]), {
    instanceOf: StartError,
    message: /DATABASE_PATH: .*there_is_no_such_table/,
  })
  t.true(existsSync(`${path}.before-29990101-fail`))
  const database = await testDatabase(t, path)
  t.is((await database.em.getConnection().execute(`select name from sqlite_master where name = 'half'`)).length, 0)
  t.like(await database.em.fork().findOne(SettingEntity, { key: 'kept' }), { value: 'as it was' })
})

const refusals: { what: string; make: (folder: string) => string | Promise<string>; says: RegExp }[] = [
  {
    what: 'a database from a newer version',
    async make(folder) {
      const path = await migratedFile(folder)
      await (await open(path, planted)).close(true)
      return path
    },
    says: /last used by a newer version of Selfhostly \(29990101-colour\)/,
  },
  {
    what: 'a file that is not a database',
    make(folder) {
      const path = join(folder, 'notes.txt')
      writeFileSync(path, 'Remember the milk.\n'.repeat(100))
      return path
    },
    says: /is not a SQLite database/,
  },
  {
    what: "another program's database",
    make(folder) {
      const path = join(folder, 'other.db')
      const other = new DatabaseSync(path)
      other.exec(`create table tracks (id integer primary key, title text); insert into tracks values (1, 'So What')`)
      other.close()
      return path
    },
    says: /is another program's SQLite database/,
  },
  {
    what: 'a read-only file',
    async make(folder) {
      const path = await migratedFile(folder)
      chmodSync(path, 0o440)
      return path
    },
    says: /is read-only/,
  },
  {
    what: 'a damaged database',
    async make(folder) {
      const path = await migratedFile(folder)
      const bytes = readFileSync(path)
      bytes.fill(0x5a, 16)
      writeFileSync(path, bytes)
      return path
    },
    says: /DATABASE_PATH: cannot (open|use) /,
  },
]

for (const { what, make, says } of refusals) {
  test(`${what} is refused and left unchanged, byte for byte`, async (t) => {
    const folder = dataFolder(t)
    const path = await make(folder)
    const before = readdirSync(folder).sort()
    const bytes = readFileSync(path)
    await t.throwsAsync(open(path), { instanceOf: StartError, message: says })
    t.true(readFileSync(path).equals(bytes))
    t.deepEqual(readdirSync(folder).sort(), before, 'no file appears next to it')
  })
}

test('a folder instead of the file is refused', async (t) => {
  const path = join(dataFolder(t), 'folder.db')
  mkdirSync(path)
  await t.throwsAsync(open(path), { instanceOf: StartError, message: /is not a file/ })
})

test('a folder that cannot be created is refused by name', async (t) => {
  const file = join(dataFolder(t), 'file')
  writeFileSync(file, '')
  await t.throwsAsync(open(join(file, 'selfhostly.db')), {
    instanceOf: StartError,
    message: /DATABASE_PATH: cannot write to the folder .*\/file/,
  })
})

test('an empty file becomes a database', async (t) => {
  const path = join(dataFolder(t), 'empty.db')
  writeFileSync(path, '')
  await testDatabase(t, path)
  t.is(executed(path).length, migrations.length)
})
