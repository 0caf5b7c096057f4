import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { createAuditLog } from '../auth/audit-log.ts'
import { listLocalUsers, localName, removeLocalUser, setLocalUser } from '../auth/local-users.ts'
import { systemClock } from '../clock.ts'
import { runCommand, whoeverIsHere, withDatabase } from './command.ts'
import type { EntityManager } from '../db/orm.ts'
import { StartError } from '../errors.ts'
import { ownConfig } from '../own-config.ts'

const usage = `npm run local-user -- set NAME      sets a password, read from the first line of standard input
npm run local-user -- remove NAME   removes a user
npm run local-user -- list          lists all users
`

/** `npm run local-user`: manages who can sign in to this secondary with a password. Requires write access to its database. */
await runCommand(async () => {
  const [verb = '', name, ...rest] = process.argv.slice(2)
  const isComplete = rest.length === 0 && (verb === 'list' ? name === undefined : name !== undefined)
  if (!isComplete || !['set', 'remove', 'list'].includes(verb)) throw new StartError(usage.trimEnd())
  const config = ownConfig()
  if (config.role === 'primary' && verb === 'set') {
    throw new StartError('This is a primary. Local users are for secondaries. To let people sign in here, set AUTH_ENABLED=true')
  }
  // Asked for before the database is opened, because a person can take minutes to type it.
  const password = verb === 'set' ? await readPassword() : ''
  return withDatabase(config, ({ em }) => change(em, { verb, name: name ?? '', password, node: config.node.name }))
})

interface Change {
  verb: string
  name: string
  password: string
  node: string
}

async function change(em: EntityManager, { verb, name: who, password, node }: Change): Promise<string> {
  const audit = createAuditLog({ em, clock: systemClock })
  const audited = <T>(run: () => Promise<T>): Promise<T> =>
    audit.around(whoeverIsHere(), { action: `local-user.${verb}`, subject: localName(who) }, run)
  switch (verb) {
    case 'set': {
      const outcome = await audited(() => setLocalUser(em, { name: who, password, now: systemClock.now() }))
      return outcome === 'made'
        ? `${localName(who)} can now sign in to ${node}.\n`
        : `The password of ${localName(who)} was changed. Sessions started with the old one were signed out.\n`
    }
    case 'remove':
      await audited(() => removeLocalUser(em, who))
      return `${localName(who)} was signed out and can no longer sign in.\n`
    default: {
      const users = await listLocalUsers(em)
      return users.map((user) => `${user.name}   password set ${user.changedAt.toISOString()}\n`).join('') || 'There are no local users.\n'
    }
  }
}

/** Reads the first line of standard input. Never a command-line argument: every process on the machine can see those. */
async function readPassword(): Promise<string> {
  const isTyped = process.stdin.isTTY
  // Discards the terminal's echo, to keep the password off the screen.
  const output = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output, terminal: isTyped })
  if (isTyped) process.stderr.write('Password: ')
  const { value: line } = await lines[Symbol.asyncIterator]().next()
  lines.close()
  if (isTyped) process.stderr.write('\n')
  if (line !== undefined) return line
  throw new StartError('password: must be the first line of standard input')
}
