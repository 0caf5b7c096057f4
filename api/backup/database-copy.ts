import Database from 'better-sqlite3'
import { closeSync, openSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** 4 MiB at a time: a few milliseconds, after which everything else gets its turn. */
const pagesAtOnce = 1000

/** Copies a database as it is at one moment, whether or not a server uses it. The copy has everything in one file. */
export async function copyDatabase(from: string, to: string): Promise<void> {
  // SQLite writes into the file that is there; one that it makes itself could be read by others.
  closeSync(openSync(to, 'wx', 0o600))
  const database = new Database(from, { readonly: true, fileMustExist: true })
  try {
    await database.backup(to, { progress: () => pagesAtOnce })
  } finally {
    database.close()
  }
  // Without a write-ahead log, one file is the whole database.
  const copy = new Database(to)
  try {
    copy.pragma('journal_mode = delete')
    await refuseDamaged(copy)
  } finally {
    copy.close()
  }
}

/** @throws Error when the file is no complete database */
export async function checkDatabase(path: string): Promise<void> {
  const database = new Database(path, { readonly: true, fileMustExist: true })
  try {
    await refuseDamaged(database)
  } finally {
    database.close()
  }
}

/** One table after another, with everything else getting its turn between them. */
async function refuseDamaged(database: Database.Database): Promise<void> {
  const tables = database.prepare<[], { name: string }>("select name from sqlite_master where type = 'table'").all()
  for (const { name } of tables) {
    const found = database.pragma(`quick_check('${name.replaceAll("'", "''")}')`, { simple: true })
    if (found !== 'ok') throw new Error(`its table ${name} is damaged: ${String(found)}`)
    await nextTurn()
  }
}

/** Folders of imported apps, which can be anywhere. */
export function foldersInPlace(path: string): { name: string; directory: string }[] {
  const database = new Database(path, { readonly: true, fileMustExist: true })
  try {
    // A database that the present version has not opened yet may be older.
    if (database.prepare("select 1 from pragma_table_info('apps') where name = 'place'").all().length === 0) return []
    return database
      .prepare<[], { name: string; directory: string }>(
        "select name, json_extract(place, '$.directory') as directory from apps where json_extract(place, '$.directory') is not null",
      )
      .all()
  } finally {
    database.close()
  }
}
