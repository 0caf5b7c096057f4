import type { EntityManager } from './orm.ts'

/** In WAL mode a power cut can lose a commit until it is synced. Call before anyone relies on what was written. */
export const syncToDisk = (em: EntityManager): Promise<unknown> => em.getConnection().execute('pragma wal_checkpoint(full)')

/** SQLite only marks old values as free. Until this, they can still be read in the file or its write-ahead log. */
export async function eraseFreed(em: EntityManager): Promise<void> {
  const connection = em.getConnection()
  await connection.execute('vacuum')
  await connection.execute('pragma wal_checkpoint(truncate)')
}
