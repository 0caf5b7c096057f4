import { existsSync } from 'node:fs'
import { userInfo } from 'node:os'
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { createAuditLog, type Actor } from './auth/audit-log.ts'
import { listLocalUsers, localName, removeLocalUser, setLocalUser } from './auth/local-users.ts'
import { systemClock } from './clock.ts'
import { readConfig } from './config.ts'
import { errorMessage, StartError } from './errors.ts'
import { createLog } from './log.ts'

const usage = `npm run local-user -- set NAME      sets a password, the first line of standard input
npm run local-user -- remove NAME   forgets a user
npm run local-user -- list          says who there is
`

/** `npm run local-user`: who may sign in at this secondary with a password. Only for whoever may write to its database. */
try {
  if (existsSync('.env')) process.loadEnvFile('.env')
  await run(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${errorMessage(error)}\n`)
  process.exitCode = 1
}

async function run([verb, name, ...rest]: string[]): Promise<void> {
  const isComplete = rest.length === 0 && (verb === 'list' ? name === undefined : name !== undefined)
  if (!isComplete || !['set', 'remove', 'list'].includes(verb ?? '')) throw new StartError(usage.trimEnd())
  const config = readConfig(process.env)
  if (config.role === 'primary' && verb === 'set') {
    throw new StartError('This is a primary: local users are for secondaries. To have people sign in here set AUTH_ENABLED=true')
  }
  // Asked for before the database is open: a person may take minutes to type it.
  const password = verb === 'set' ? await readPassword() : ''
  // Most of the program comes with it.
  const { openNodeDatabase } = await import('./program.ts')
  const database = await openNodeDatabase(config, createLog({ level: 'silent', pretty: false }))
  try {
    process.stdout.write(await change(verb ?? '', name ?? '', password))
  } finally {
    await database.close(true)
  }

  async function change(what: string, who: string, secret: string): Promise<string> {
    const audit = createAuditLog({ em: database.em, clock: systemClock })
    const audited = <T>(run: () => Promise<T>): Promise<T> =>
      audit.around(actor(), { action: `local-user.${what}`, subject: localName(who) }, run)
    switch (what) {
      case 'set': {
        const outcome = await audited(() => setLocalUser(database.em, { name: who, password: secret, now: systemClock.now() }))
        return outcome === 'made'
          ? `${localName(who)} may sign in at ${config.node.name}.\n`
          : `${localName(who)} has another password; who was signed in with the former one is signed out.\n`
      }
      case 'remove':
        await audited(() => removeLocalUser(database.em, who))
        return `${localName(who)} may not sign in any more, and is signed out.\n`
      default: {
        const users = await listLocalUsers(database.em)
        return (
          users.map((user) => `${user.name}   password set ${user.changedAt.toISOString()}\n`).join('') || 'There are no local users.\n'
        )
      }
    }
  }
}

/** Whoever has a shell here with the rights to do this. */
function actor(): Actor {
  const whoever = { via: 'command', address: 'this machine' }
  try {
    return { ...whoever, name: userInfo().username }
  } catch {
    // In a container the user may have a number and no name.
    return { ...whoever, name: `user ${process.getuid?.() ?? ''}` }
  }
}

/** The first line of standard input. Never an argument: those are seen by every process of the machine. */
async function readPassword(): Promise<string> {
  const isTyped = process.stdin.isTTY
  // A terminal whose echo goes nowhere.
  const output = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output, terminal: isTyped })
  if (isTyped) process.stderr.write('Password: ')
  const { value: line } = await lines[Symbol.asyncIterator]().next()
  lines.close()
  if (isTyped) process.stderr.write('\n')
  if (line !== undefined) return line
  throw new StartError('password: must be the first line of standard input')
}
