import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  constants,
  accessSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { MikroORM, type EntitySchema } from '@mikro-orm/sqlite'
import { Migrator } from '@mikro-orm/migrations'
import { AppError, errorMessage, StartError } from '../errors.ts'
import type { Log } from '../log.ts'
import { isFull } from '../disk-space.ts'
import { diskFull, storageError } from '../storage-error.ts'
import { migrations as allMigrations } from './migrations/index.ts'
import { WaitingSqliteDriver, type WaitingOptions } from './waiting-connection.ts'

/** Long enough to sit out a backup that locks the database for some seconds, short enough for callers that wait for an answer. */
const lockDeadlineMs = 5000

export type Database = MikroORM
export type Migrations = typeof allMigrations
export type EntityManager = MikroORM['em']

/**
 * Opens the SQLite file, creating it if needed, and brings its schema up to date. Before migrating, copies the file to
 * `<file>.before-<first pending migration>`.
 *
 * @throws StartError when the file is not a usable database or has a newer schema. The file is then unchanged
 */
export async function openDatabase(options: {
  path: string
  entities: EntitySchema[]
  log: Log
  migrations?: Migrations
  /** Called for every read or write that failed because of the disk or another program's lock. */
  onStorageError?: (error: AppError) => void
  /** How long a read or write waits for other programs' locks. */
  deadlineMs?: number
}): Promise<Database> {
  const { path, entities, log, migrations = allMigrations, onStorageError = () => undefined, deadlineMs = lockDeadlineMs } = options
  const existed = refuseUnusableFile(path)
  if (!existed) closeSync(openSync(path, 'a', privateMode))
  const inWords = async (error: unknown): Promise<unknown> => {
    const known = await storageErrorOf(error, path)
    if (known) onStorageError(known)
    return known ?? error
  }
  let orm: Database
  try {
    orm = await MikroORM.init({
      driver: WaitingSqliteDriver,
      driverOptions: { inWords, deadlineMs } satisfies WaitingOptions,
      dbName: path,
      entities,
      extensions: [Migrator],
      migrations: { migrationsList: migrations, tableName: 'schema_migrations', snapshot: false, silent: true },
      // Write changes only where the code says so, never as a side effect of a query.
      flushMode: 'commit',
    })
  } catch (error) {
    throw new StartError(`DATABASE_PATH: cannot open ${path}: ${errorMessage(error)}`)
  }
  keepZeroBytes(orm)
  keepAppErrors(orm)
  try {
    await prepare({ orm, path, existed, log, migrations })
    return orm
  } catch (error) {
    await orm.close(true)
    if (error instanceof StartError) throw error
    throw new StartError(`DATABASE_PATH: cannot use ${path}: ${errorMessage(error)}`)
  }
}

/**
 * MikroORM puts values into the text of a statement, and SQLite reads that only up to the first zero byte. A zero byte in a
 * name that someone sends would break the statement, or a whole batch of other people's changes.
 */
function keepZeroBytes(orm: Database): void {
  const platform = orm.em.getPlatform()
  const escape = platform.escape.bind(platform)
  platform.escape = (value: unknown): string =>
    typeof value === 'string' && value.includes('\0') ? `cast(x'${Buffer.from(value).toString('hex')}' as text)` : escape(value)
}

const undone = Symbol('undone')

/** Tests whether the database can be written to, then rolls back. @throws AppError STORAGE_... when it cannot */
export async function tryToWrite({ em }: Database): Promise<void> {
  try {
    await em.getConnection().transactional(async (transaction) => {
      // Larger than a page, so that SQLite has to allocate new ones.
      await em.getConnection().execute('insert into schema_migrations (name) values (zeroblob(20000))', [], 'run', transaction)
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- caught below; it only triggers the rollback
      throw undone
    })
  } catch (error) {
    if (error !== undone) throw error
  }
}

/** MikroORM wraps errors it does not know in its own class. Passes ours through unchanged. */
function keepAppErrors(orm: Database): void {
  const converter = orm.em.getPlatform().getExceptionConverter()
  const convert = converter.convertException.bind(converter)
  converter.convertException = (error) => (error instanceof AppError ? error : convert(error))
}

/** For some files next to the database, SQLite reports a full disk only as a generic I/O error. */
async function storageErrorOf(error: unknown, path: string): Promise<AppError | undefined> {
  const known = storageError(error)
  const isVague = known?.code === 'STORAGE_UNAVAILABLE' && known.message.includes('IOERR')
  return isVague && (await isFull(dirname(path))) ? diskFull(error) : known
}

async function prepare(opened: { orm: Database; path: string; existed: boolean; log: Log; migrations: Migrations }): Promise<void> {
  const { orm, path, existed, log, migrations } = opened
  const connection = orm.em.getConnection()
  if (existed) await refuseNewerSchema(orm, path, migrations)
  keepPrivate(path)
  // WAL lets readers continue during a write. With NORMAL, a power cut can lose the newest commits but never consistency.
  await connection.execute('pragma journal_mode = wal')
  await connection.execute('pragma synchronous = normal')
  await connection.execute('pragma foreign_keys = on')
  const pending = await orm.migrator.getPending()
  if (pending.length === 0) return
  const executed = await orm.migrator.getExecuted()
  const newest = executed.at(-1)
  if (newest) {
    const backup = `${path}.before-${pending[0]?.name ?? 'migration'}`
    if (!existsSync(backup)) await copyInto(orm, backup)
    log.info({ backup }, 'database copied before a migration')
  }
  await orm.migrator.up()
  log.info({ from: newest?.name ?? 'empty', to: pending.at(-1)?.name }, 'database schema is up to date')
}

/** Copies the database completely or not at all: the next start would take a partial copy, left by a full disk, for a good one. */
async function copyInto(orm: Database, path: string): Promise<void> {
  const draft = `${path}.tmp`
  rmSync(draft, { force: true })
  // SQLite writes into an empty file that is there; one that it makes itself could be read by others while the copy is under way.
  closeSync(openSync(draft, 'wx', privateMode))
  try {
    await orm.em.getConnection().execute('vacuum into ?', [draft])
    renameSync(draft, path)
  } finally {
    rmSync(draft, { force: true })
  }
}

async function refuseNewerSchema(orm: Database, path: string, migrations: Migrations): Promise<void> {
  const tables = await orm.em.getConnection().execute<{ name: string }[]>(`select name from sqlite_master where type = 'table'`)
  if (tables.length === 0) return
  if (!tables.some((table) => table.name === 'schema_migrations')) {
    throw new StartError(`DATABASE_PATH: ${path} is another program's SQLite database. Choose a separate file for Selfhostly`)
  }
  const known = new Set(migrations.map((migration) => migration.name))
  const executed = await orm.em.getConnection().execute<{ name: string }[]>('select name from schema_migrations')
  const newer = executed.map((migration) => migration.name).filter((name) => !known.has(name))
  if (newer.length > 0) {
    throw new StartError(
      `DATABASE_PATH: ${path} was last used by a newer version of Selfhostly (${newer.join(', ')}). Start that version, or restore a copy from before the update`,
    )
  }
}

/** Checks the file before opening it for writing, so that a file that is not ours stays unchanged. @returns whether the file exists */
function refuseUnusableFile(path: string): boolean {
  const directory = dirname(path)
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    if (!existsSync(path)) {
      accessSync(directory, constants.W_OK)
      return false
    }
  } catch (error) {
    throw new StartError(`DATABASE_PATH: cannot write to the folder ${directory}: ${errorMessage(error)}`)
  }
  const { mode, isFile } = fileFacts(path)
  if (!isFile) throw new StartError(`DATABASE_PATH: ${path} is not a file. Set it to the path of the SQLite file`)
  if (!hasSqliteHeader(path))
    throw new StartError(`DATABASE_PATH: ${path} is not a SQLite database. Choose another path, or move that file away`)
  // Check the mode too: root can write even to a file that was marked read-only on purpose.
  if ((mode & 0o222) === 0 || !canWrite(path)) {
    throw new StartError(`DATABASE_PATH: ${path} is read-only. Give this user write access to the file and its folder`)
  }
  return true
}

const privateMode = 0o600

/** Makes the database private, because it holds sessions, keys and Compose files. SQLite gives new log files the same mode. */
function keepPrivate(path: string): void {
  const copies = readdirSync(dirname(path)).filter((name) => name.startsWith(`${basename(path)}.before-`))
  for (const file of [path, `${path}-wal`, `${path}-shm`, ...copies.map((name) => join(dirname(path), name))]) {
    try {
      if (existsSync(file)) chmodSync(file, privateMode)
    } catch (error) {
      // Another user owns the file and lets this one write. Its mode is up to them.
      if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
    }
  }
}

function fileFacts(path: string): { mode: number; isFile: boolean } {
  const facts = statSync(path)
  return { mode: facts.mode, isFile: facts.isFile() }
}

function canWrite(path: string): boolean {
  try {
    closeSync(openSync(path, 'r+'))
    return true
  } catch {
    return false
  }
}

/** True also for an empty file, which is a database before its first write. Source: https://www.sqlite.org/fileformat.html#the_database_header */
function hasSqliteHeader(path: string): boolean {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    throw new StartError(`DATABASE_PATH: cannot read ${path}: ${errorMessage(error)}`)
  }
  try {
    const header = Buffer.alloc(16)
    const length = readSync(file, header, 0, 16, 0)
    return length === 0 || header.toString('latin1') === 'SQLite format 3\0'
  } finally {
    closeSync(file)
  }
}
