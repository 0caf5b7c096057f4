import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { createAuditLog } from './auth/audit-log.ts'
import { listLocalUsers, localName, removeLocalUser, setLocalUser } from './auth/local-users.ts'
import { systemClock } from './clock.ts'
import { runCommand, whoeverIsHere, withDatabase } from './command.ts'
import type { EntityManager } from './db/orm.ts'
import { StartError } from './errors.ts'
import { ownConfig } from './own-config.ts'

const usage = `npm run local-user -- set NAME      sets a password, the first line of standard input
npm run local-user -- remove NAME   forgets a user
npm run local-user -- list          says who there is
`

/** `npm run local-user`: who may sign in at this secondary with a password. Only for whoever may write to its database. */
await runCommand(async () => {
  const [verb = '', name, ...rest] = process.argv.slice(2)
  const isComplete = rest.length === 0 && (verb === 'list' ? name === undefined : name !== undefined)
  if (!isComplete || !['set', 'remove', 'list'].includes(verb)) throw new StartError(usage.trimEnd())
  const config = ownConfig()
  if (config.role === 'primary' && verb === 'set') {
    throw new StartError('This is a primary: local users are for secondaries. To have people sign in here set AUTH_ENABLED=true')
  }
  // Asked for before the database is open: a person may take minutes to type it.
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
        ? `${localName(who)} may sign in at ${node}.\n`
        : `${localName(who)} has another password; who was signed in with the former one is signed out.\n`
    }
    case 'remove':
      await audited(() => removeLocalUser(em, who))
      return `${localName(who)} may not sign in any more, and is signed out.\n`
    default: {
      const users = await listLocalUsers(em)
      return users.map((user) => `${user.name}   password set ${user.changedAt.toISOString()}\n`).join('') || 'There are no local users.\n'
    }
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
