import { setTimeout as wait } from 'node:timers/promises'
import { AbstractSqlDriver, MikroORM, SqliteConnection, SqlitePlatform, type Configuration, type SqliteDriver } from '@mikro-orm/sqlite'
import { databaseBusy } from '../storage-error.ts'

/** Growing, so that a short lock costs little time and a long one little work. */
const retryWaitsMs = [2, 5, 10, 20, 40]

type Dialect = ReturnType<SqliteConnection['createKyselyDialect']>
type Driver = ReturnType<Dialect['createDriver']>
type Connection = Awaited<ReturnType<Driver['acquireConnection']>>
type Query = Parameters<Connection['executeQuery']>[0]
type Result = Awaited<ReturnType<Connection['executeQuery']>>

export interface WaitingOptions {
  /** What callers get in place of SQLite's own error. */
  inWords: (error: unknown) => Promise<unknown>
  /** How long a statement or a transaction waits for its turn and for the locks of other processes. */
  deadlineMs: number
}

/**
 * SQLite is called synchronously, and one that waits for a lock stops the whole process. So it never waits here: a lock is asked
 * for again and again, with the event loop going on between. And whatever fails gives back what it held: Kysely keeps the only
 * connection for ever when BEGIN or COMMIT fails.
 */
class WaitingDriver extends AbstractSqlDriver {
  constructor(config: Configuration) {
    super(config, new SqlitePlatform(), WaitingConnection, ['kysely', 'better-sqlite3'])
  }

  override getORMClass(): typeof MikroORM {
    return MikroORM
  }
}

/** MikroORM's own names its connection in its constructor, so it cannot be extended; it has nothing else. */
export const WaitingSqliteDriver = WaitingDriver as unknown as typeof SqliteDriver

class WaitingConnection extends SqliteConnection {
  override createKyselyDialect({ inWords, deadlineMs, ...options }: WaitingOptions & Record<string, unknown>): Dialect {
    const dialect = super.createKyselyDialect({ ...options, timeout: 0 })
    const adapter = dialect.createAdapter()
    // Kysely's own lock of the one connection is what it forgets to give back.
    Object.defineProperty(adapter, 'supportsMultipleConnections', { value: true })
    return {
      createAdapter: () => adapter,
      createDriver: () => waitingDriver(dialect.createDriver(), { inWords, deadlineMs }),
      createIntrospector: (db) => dialect.createIntrospector(db),
      createQueryCompiler: () => dialect.createQueryCompiler(),
    }
  }
}

/** One statement writes at a time, in the order in which they were asked for; reading goes on beside it, but not inside of a transaction of others. */
function waitingDriver(inner: Driver, { inWords, deadlineMs }: WaitingOptions): Driver {
  const writers = createQueue()
  let native: Connection
  let transaction: { of: Connection; ended: Promise<void>; end: () => void } | null = null

  const run = (sql: string): Promise<Result> => native.executeQuery({ sql, parameters: [] } as unknown as Query)

  function endTransaction(): void {
    transaction?.end()
    transaction = null
  }

  /** What is open ends, whatever SQLite has done by itself: on a full disk it may have rolled back already. */
  async function rollback(): Promise<void> {
    await run('rollback').catch(() => undefined)
  }

  async function begin(): Promise<void> {
    try {
      await run('begin immediate')
    } catch (error) {
      // A rollback that failed before has left one open.
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
            // At once for writing: a lock that is refused here has cost nothing, and none is refused further on.
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
      // One whose COMMIT failed is over already.
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

/** A checkpoint that a lock kept from being whole is no error to SQLite, but an answer. */
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

/** @throws STORAGE_UNAVAILABLE when the deadline comes first */
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
    /** Resolves to what lets the next one in. @throws STORAGE_UNAVAILABLE when its turn does not come in time */
    async enter(deadline: number): Promise<() => void> {
      const turn = last
      const { promise, resolve } = Promise.withResolvers<void>()
      last = promise
      try {
        await before(deadline, turn)
      } catch (error) {
        void turn.then(resolve)
        throw error
      }
      return resolve
    },
  }
}
