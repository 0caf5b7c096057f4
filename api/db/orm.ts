import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  constants,
  accessSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { MikroORM, type EntitySchema } from '@mikro-orm/sqlite'
import { Migrator } from '@mikro-orm/migrations'
import { AppError, errorMessage, StartError } from '../errors.ts'
import type { Log } from '../log.ts'
import { isFull } from '../disk-space.ts'
import { diskFull, storageError } from '../storage-error.ts'
import { migrations as allMigrations } from './migrations/index.ts'
import { WaitingSqliteDriver, type WaitingOptions } from './waiting-connection.ts'

/** Trades a backup that locks the database for some seconds, which nobody notices, against callers who wait for an answer. */
const lockDeadlineMs = 5000

export type Database = MikroORM
export type Migrations = typeof allMigrations
export type EntityManager = MikroORM['em']

/**
 * Opens the SQLite file, makes it when it is missing, and brings its schema up to date; before a migration the file is
 * copied to `<file>.before-<last migration>`.
 *
 * @throws StartError when the file is not a usable database or has a newer schema; the file is then left as it was
 */
export async function openDatabase(options: {
  path: string
  entities: EntitySchema[]
  log: Log
  migrations?: Migrations
  /** Told of every read or write that the disk, or the lock of another program, has kept from being done. */
  onStorageError?: (error: AppError) => void
  /** How long a read or a write waits for the locks of other programs. */
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
      // A request's changes are written where the code says so, never as a side effect of another flush.
      flushMode: 'commit',
    })
  } catch (error) {
    throw new StartError(`DATABASE_PATH: ${path} cannot be opened: ${errorMessage(error)}`)
  }
  keepZeroBytes(orm)
  keepAppErrors(orm)
  try {
    await prepare({ orm, path, existed, log, migrations })
    return orm
  } catch (error) {
    await orm.close(true)
    if (error instanceof StartError) throw error
    throw new StartError(`DATABASE_PATH: ${path} cannot be used: ${errorMessage(error)}`)
  }
}

/**
 * MikroORM writes values into the text of a statement, which ends for SQLite at the first zero byte: one in a name that
 * somebody sends would make a bug of it, or of a whole batch of other people's changes.
 */
function keepZeroBytes(orm: Database): void {
  const platform = orm.em.getPlatform()
  const escape = platform.escape.bind(platform)
  platform.escape = (value: unknown): string =>
    typeof value === 'string' && value.includes('\0') ? `cast(x'${Buffer.from(value).toString('hex')}' as text)` : escape(value)
}

const undone = Symbol('undone')

/** Writes and takes it back, to see whether that works. @throws AppError STORAGE_... when it does not */
export async function tryToWrite({ em }: Database): Promise<void> {
  try {
    await em.getConnection().transactional(async (transaction) => {
      // More than a page has room for, so that it asks for new ones.
      await em.getConnection().execute('insert into schema_migrations (name) values (zeroblob(20000))', [], 'run', transaction)
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- it is caught below, and is no error
      throw undone
    })
  } catch (error) {
    if (error !== undone) throw error
  }
}

/** MikroORM makes a class of its own of every error that it does not know. */
function keepAppErrors(orm: Database): void {
  const converter = orm.em.getPlatform().getExceptionConverter()
  const convert = converter.convertException.bind(converter)
  converter.convertException = (error) => (error instanceof AppError ? error : convert(error))
}

/** SQLite says of some files beside the database only that something went wrong with them, and not that it was the lack of room. */
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
  // WAL lets readers go on while one writes; NORMAL loses nothing but the newest commits in a power cut, never consistency.
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
    chmodSync(backup, privateMode)
    log.info({ backup }, 'database copied before a migration')
  }
  await orm.migrator.up()
  log.info({ from: newest?.name ?? 'empty', to: pending.at(-1)?.name }, 'database schema is up to date')
}

/** Whole or not at all: half of a copy, of a start that found the disk full, would pass for one at the next start. */
async function copyInto(orm: Database, path: string): Promise<void> {
  const draft = `${path}.tmp`
  rmSync(draft, { force: true })
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
    throw new StartError(`DATABASE_PATH: ${path} is a SQLite database of another program. Give a file of its own to Selfhostly`)
  }
  const known = new Set(migrations.map((migration) => migration.name))
  const executed = await orm.em.getConnection().execute<{ name: string }[]>('select name from schema_migrations')
  const newer = executed.map((migration) => migration.name).filter((name) => !known.has(name))
  if (newer.length > 0) {
    throw new StartError(
      `DATABASE_PATH: ${path} was made by a newer version of Selfhostly (${newer.join(', ')}). Start that version, or put back a copy from before its update`,
    )
  }
}

/** Looks before anything is opened for writing, so that a file that is not ours stays as it is. Answers whether there is a database already. */
function refuseUnusableFile(path: string): boolean {
  const directory = dirname(path)
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    if (!existsSync(path)) {
      accessSync(directory, constants.W_OK)
      return false
    }
  } catch (error) {
    throw new StartError(`DATABASE_PATH: the folder ${directory} cannot be written to: ${errorMessage(error)}`)
  }
  const { mode, isFile } = fileFacts(path)
  if (!isFile) throw new StartError(`DATABASE_PATH: ${path} is not a file. Give the path of the SQLite file`)
  if (!hasSqliteHeader(path))
    throw new StartError(`DATABASE_PATH: ${path} is not a SQLite database. Give another path, or move that file away`)
  // The mode is looked at as well, because root may write to a file that somebody marked read-only on purpose.
  if ((mode & 0o222) === 0 || !canWrite(path)) {
    throw new StartError(`DATABASE_PATH: ${path} is read-only. Give this user the right to write to it and to its folder`)
  }
  return true
}

const privateMode = 0o600

/** Sessions, keys and Compose files are in it. The folder may have been made by somebody else; SQLite gives its log the mode of the database. */
function keepPrivate(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    try {
      if (existsSync(file)) chmodSync(file, privateMode)
    } catch (error) {
      // Of another user, who lets this one write: what its mode is, is theirs to say.
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

/** An empty file is a database that nothing was written to yet. Source: https://www.sqlite.org/fileformat.html#the_database_header */
function hasSqliteHeader(path: string): boolean {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (error) {
    throw new StartError(`DATABASE_PATH: ${path} cannot be read: ${errorMessage(error)}`)
  }
  try {
    const header = Buffer.alloc(16)
    const length = readSync(file, header, 0, 16, 0)
    return length === 0 || header.toString('latin1') === 'SQLite format 3\0'
  } finally {
    closeSync(file)
  }
}
