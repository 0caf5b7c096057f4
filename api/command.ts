import { userInfo } from 'node:os'
import type { Actor } from './auth/audit-log.ts'
import type { Config } from './config.ts'
import type { Database } from './db/orm.ts'
import { errorMessage } from './errors.ts'
import { createLog } from './log.ts'

/** What a command does: what it resolves to goes to standard output; what it throws is one sentence on standard error, and exit code 1. */
export async function runCommand(run: () => string | Promise<string>): Promise<void> {
  try {
    process.stdout.write(await run())
  } catch (error) {
    process.stderr.write(`${errorMessage(error)}\n`)
    process.exitCode = 1
  }
}

/** The database of the node that this command is about, whether that runs or not. */
export async function withDatabase<T>(config: Config, use: (database: Database) => Promise<T>): Promise<T> {
  // Most of the program comes with it.
  const { openNodeDatabase } = await import('./program.ts')
  const database = await openNodeDatabase(config, createLog({ level: 'silent' }))
  try {
    return await use(database)
  } finally {
    await database.close(true)
  }
}

/** For the audit log: whoever has a shell here with the rights to do this. */
export function whoeverIsHere(): Actor {
  const whoever = { via: 'command', address: 'this machine' }
  try {
    return { ...whoever, name: userInfo().username }
  } catch {
    // In a container the user may have a number and no name.
    return { ...whoever, name: `user ${process.getuid?.() ?? ''}` }
  }
}
