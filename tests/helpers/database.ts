import { globSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { EntitySchema } from '@mikro-orm/sqlite'
import type { ExecutionContext } from 'ava'
import { pino } from 'pino'
import { openDatabase, type Database } from '../../api/db/orm.ts'
import { dataFolder } from './data-folder.ts'

const api = join(import.meta.dirname, '../../api')

/** Every entity in the server's files, found by search so that none is forgotten. */
export const allEntities: EntitySchema[] = await loadEntities()

async function loadEntities(): Promise<EntitySchema[]> {
  const files = globSync('**/*.entity.ts', { cwd: api }).sort()
  const modules = await Promise.all(files.map((file) => import(pathToFileURL(join(api, file)).href) as Promise<Record<string, unknown>>))
  return modules.flatMap((module) => Object.values(module)).filter((value) => value instanceof EntitySchema)
}

/** A migrated SQLite file, in its own folder unless the test names one. Closed after the test. */
export async function testDatabase(
  t: ExecutionContext<unknown>,
  path = join(dataFolder(t), 'selfhostly.db'),
  options: Partial<Parameters<typeof openDatabase>[0]> = {},
): Promise<Database> {
  const database = await openDatabase({ path, entities: allEntities, log: pino({ level: 'silent' }), ...options })
  t.teardown(() => database.close(true))
  return database
}
