import { setTimeout as wait } from 'node:timers/promises'
import { AbstractSqlDriver, MikroORM, SqliteConnection, SqlitePlatform, type Configuration, type SqliteDriver } from '@mikro-orm/sqlite'
import { databaseBusy } from '../storage-error.ts'

/** Increasing, so that a short lock costs little time and a long one little work. */
const retryWaitsMs = [2, 5, 10, 20, 40]

type Dialect = ReturnType<SqliteConnection['createKyselyDialect']>
type Driver = ReturnType<Dialect['createDriver']>
type Connection = Awaited<ReturnType<Driver['acquireConnection']>>
type Query = Parameters<Connection['executeQuery']>[0]
type Result = Awaited<ReturnType<Connection['executeQuery']>>

export interface WaitingOptions {
  /** Translates SQLite's error into the one that callers get. */
  inWords: (error: unknown) => Promise<unknown>
  /** How long a statement or transaction waits behind other writes and for other processes' locks. */
  deadlineMs: number
}

/**
 * SQLite calls are synchronous, so waiting for a lock inside SQLite blocks the whole process. Here SQLite never waits: locks
 * are retried with the event loop running in between. Failed calls also release what they held; Kysely alone would never
 * release its only connection when BEGIN or COMMIT fails.
 */
class WaitingDriver extends AbstractSqlDriver {
  constructor(config: Configuration) {
    super(config, new SqlitePlatform(), WaitingConnection, ['kysely', 'better-sqlite3'])
  }

  override getORMClass(): typeof MikroORM {
    return MikroORM
  }
}

/** Replaces MikroORM's SqliteDriver, which cannot be extended because its constructor fixes the connection class and does nothing else. */
export const WaitingSqliteDriver = WaitingDriver as unknown as typeof SqliteDriver

class WaitingConnection extends SqliteConnection {
  override createKyselyDialect({ inWords, deadlineMs, ...options }: WaitingOptions & Record<string, unknown>): Dialect {
    const dialect = super.createKyselyDialect({ ...options, timeout: 0 })
    const adapter = dialect.createAdapter()
    // Turns off Kysely's lock on its single connection, which it does not release after some errors.
    Object.defineProperty(adapter, 'supportsMultipleConnections', { value: true })
    return {
      createAdapter: () => adapter,
      createDriver: () => waitingDriver(dialect.createDriver(), { inWords, deadlineMs }),
      createIntrospector: (db) => dialect.createIntrospector(db),
      createQueryCompiler: () => dialect.createQueryCompiler(),
    }
  }
}

/** Writes run one at a time, in the order they were requested. Reads run alongside, but wait while another caller's transaction is open. */
function waitingDriver(inner: Driver, { inWords, deadlineMs }: WaitingOptions): Driver {
  const writers = createQueue()
  let native: Connection
  let transaction: { of: Connection; ended: Promise<void>; end: () => void } | null = null

  const run = (sql: string): Promise<Result> => native.executeQuery({ sql, parameters: [] } as unknown as Query)

  function endTransaction(): void {
    transaction?.end()
    transaction = null
  }

  /** Ends an open transaction. Errors are ignored, because on a full disk SQLite may already have rolled back. */
  async function rollback(): Promise<void> {
    await run('rollback').catch(() => undefined)
  }

  async function begin(): Promise<void> {
    try {
      await run('begin immediate')
    } catch (error) {
      // A failed rollback left a transaction open.
      if (!(error instanceof Error && /within a transaction/.test(error.message))) throw error
      await rollback()
      await run('begin immediate')
    }
  }

  async function write<T>(deadline: number, statement: () => Promise<T>): Promise<T> {
    const release = await writers.enter(deadline)
    try {
      return await untilUnlocked(deadline, statement)
    } finally {
      release()
    }
  }

  async function read<T>(deadline: number, statement: () => Promise<T>): Promise<T> {
    return untilUnlocked(deadline, async () => {
      while (transaction) await before(deadline, transaction.ended)
      return statement()
    })
  }

  const told = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } catch (error) {
      throw await inWords(error)
    }
  }

  function connection(): Connection {
    const own: Connection = {
      async executeQuery<R>(query: Query) {
        const statement = (): Promise<Result> => checked(native.executeQuery(query))
        if (transaction?.of === own) return told(statement()) as Promise<{ rows: R[] }>
        const deadline = performance.now() + deadlineMs
        return told(isRead(query.sql) ? read(deadline, statement) : write(deadline, statement)) as Promise<{ rows: R[] }>
      },
      streamQuery: (query, chunkSize) => native.streamQuery(query, chunkSize),
    }
    return own
  }

  return {
    async init(options) {
      await inner.init(options)
      native = await inner.acquireConnection()
    },

    acquireConnection: () => Promise.resolve(connection()),
    releaseConnection: () => Promise.resolve(),

    beginTransaction(of) {
      const deadline = performance.now() + deadlineMs
      return told(
        (async () => {
          const release = await writers.enter(deadline)
          try {
            // Take the write lock at the start: being refused here costs nothing, and later statements cannot be refused.
            await untilUnlocked(deadline, begin)
          } catch (error) {
            release()
            throw error
          }
          const { promise: ended, resolve } = Promise.withResolvers<void>()
          transaction = { of, ended, end: () => void (resolve(), release()) }
        })(),
      )
    },

    commitTransaction: () =>
      told(
        (async () => {
          try {
            await untilUnlocked(performance.now() + deadlineMs, () => run('commit'))
          } catch (error) {
            await rollback()
            throw error
          } finally {
            endTransaction()
          }
        })(),
      ),

    async rollbackTransaction(of) {
      // Already ended if its COMMIT failed.
      if (transaction?.of !== of) return
      await rollback()
      endTransaction()
    },

    savepoint: (_, name, compile) => inner.savepoint?.(native, name, compile) ?? Promise.resolve(),
    rollbackToSavepoint: (_, name, compile) => inner.rollbackToSavepoint?.(native, name, compile) ?? Promise.resolve(),
    releaseSavepoint: (_, name, compile) => inner.releaseSavepoint?.(native, name, compile) ?? Promise.resolve(),
    destroy: (options) => inner.destroy(options),
  }
}

const isRead = (sql: string): boolean => /^\s*select\b/i.test(sql)

const isLocked = (error: unknown): boolean => error instanceof Error && 'code' in error && /^SQLITE_(BUSY|LOCKED)/.test(String(error.code))

/** SQLite reports a checkpoint that was blocked by a lock as a result, not an error. Throws one, so that it is retried. */
async function checked(result: Promise<Result>): Promise<Result> {
  const { rows } = await result
  const [row] = rows as { busy?: unknown; checkpointed?: unknown }[]
  if (row?.busy === 1 && row.checkpointed !== undefined) throw Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' })
  return result
}

async function untilUnlocked<T>(deadline: number, statement: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await statement()
    } catch (error) {
      if (!isLocked(error) || performance.now() >= deadline) throw error
    }
    await wait(retryWaitsMs[Math.min(attempt, retryWaitsMs.length - 1)])
  }
}

/** @throws STORAGE_UNAVAILABLE when the deadline passes first */
async function before(deadline: number, promise: Promise<void>): Promise<void> {
  const late = new AbortController()
  const timeout = wait(Math.max(0, deadline - performance.now()), 'late', { signal: late.signal }).catch(() => 'called off')
  const first = await Promise.race([promise, timeout])
  late.abort()
  if (first === 'late') throw databaseBusy()
}

function createQueue() {
  let last = Promise.resolve()
  return {
    /** Waits until everyone ahead has left. @returns a function to leave @throws STORAGE_UNAVAILABLE when the deadline passes first */
    async enter(deadline: number): Promise<() => void> {
      const ahead = last
      const { promise, resolve } = Promise.withResolvers<void>()
      last = promise
      try {
        await before(deadline, ahead)
      } catch (error) {
        void ahead.then(resolve)
        throw error
      }
      return resolve
    },
  }
}
