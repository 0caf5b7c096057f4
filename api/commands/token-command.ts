import { parseArgs } from 'node:util'
import { makeToken, type TokenInput } from '../auth/api-tokens.ts'
import { createAuditLog } from '../auth/audit-log.ts'
import { machineAccountId } from '../auth/own-accounts.ts'
import type { Role } from '../auth/permissions.ts'
import { systemClock } from '../clock.ts'
import { ownCommand } from '../own-command.ts'
import { runCommand, whoeverIsHere, withDatabase } from './command.ts'
import { AppError, errorMessage, StartError } from '../errors.ts'
import { ownConfig } from '../own-config.ts'

const usage = `Use: ${ownCommand('token', '--name NAME --scope read|operate|admin [--days 90]').replace('npm run', 'npm run --silent')}`
const scopes: Record<string, Role> = { read: 'viewer', operate: 'operator', admin: 'admin' }

/** `npm run token`: creates a bearer token for scripts and prints it. Requires write access to this node's database. */
await runCommand(async () => {
  const input = readInput(process.argv.slice(2))
  return withDatabase(ownConfig(), async ({ em }) => {
    const now = systemClock.now()
    const owner = { userId: await machineAccountId(em, now), role: 'admin' } as const
    const audit = createAuditLog({ em, clock: systemClock })
    const action = { action: 'token.create', subject: `${input.name} (${input.scope})` }
    const { secret } = await audit.around(whoeverIsHere(), action, () => makeToken(em, owner, input, now).catch(inWordsOfTheCommand))
    return `${secret}\n`
  })
})

/** @throws StartError */
function readInput(words: string[]): TokenInput {
  const { name, scope: word, days = '90' } = readWords(words)
  if (name === undefined || word === undefined) throw new StartError(usage)
  const scope = Object.hasOwn(scopes, word) ? scopes[word] : undefined
  if (!scope) throw new StartError(`--scope must be read, operate or admin, not "${word}"`)
  return { name, scope, expiresInDays: Number(days) }
}

function readWords(words: string[]) {
  try {
    const options = { name: { type: 'string' }, scope: { type: 'string' }, days: { type: 'string' } } as const
    return parseArgs({ args: words, options }).values
  } catch (error) {
    throw new StartError(`${errorMessage(error)}. ${usage}`)
  }
}

function inWordsOfTheCommand(error: unknown): never {
  const fields = error instanceof AppError ? error.fields : []
  if (fields.length === 0 || (error as AppError).code !== 'INVALID_INPUT') throw error
  const said = fields.map(({ field, message }) => `--${field === 'expiresInDays' ? 'days' : field} ${message}`)
  throw new StartError(said.join('; '))
}
