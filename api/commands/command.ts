import { userInfo } from 'node:os'
import type { Actor } from '../auth/audit-log.ts'
import type { Config } from '../config.ts'
import type { Database } from '../db/orm.ts'
import { errorMessage } from '../errors.ts'
import { createLog } from '../log.ts'

/** Runs a command. Its result goes to standard output; an error goes to standard error as one sentence, with exit code 1. */
export async function runCommand(run: () => string | Promise<string>): Promise<void> {
  try {
    process.stdout.write(await run())
  } catch (error) {
    process.stderr.write(`${errorMessage(error)}\n`)
    process.exitCode = 1
  }
}

/** Opens this node's database, whether the node is running or not. */
export async function withDatabase<T>(config: Config, use: (database: Database) => Promise<T>): Promise<T> {
  // Imported late because it pulls in most of the program.
  const { openNodeDatabase } = await import('../program.ts')
  const database = await openNodeDatabase(config, createLog({ level: 'silent' }))
  try {
    return await use(database)
  } finally {
    await database.close(true)
  }
}

/** For the audit log: the operating-system user who runs the command. */
export function whoeverIsHere(): Actor {
  const whoever = { via: 'command', address: 'this machine' }
  try {
    return { ...whoever, name: userInfo().username }
  } catch {
    // In a container, a user can have a number but no name.
    return { ...whoever, name: `user ${process.getuid?.() ?? ''}` }
  }
}
