import { existsSync, mkdirSync } from 'node:fs'
import { readConfig } from './config.ts'
import { errorMessage } from './errors.ts'
import { loadIdentity } from './nodes/identity.ts'
import { createOwnName } from './nodes/own-name.ts'

/** `npm run identity`: prints what a primary needs to register this node. Only for whoever may read the data folder. */
try {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const config = readConfig(process.env)
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const { id, apiKey } = loadIdentity({ dataDir: config.dataDir, ...config.node })
  const { name: configured, nameIsSet: isSet } = config.node
  const name = config.role === 'primary' ? configured : createOwnName({ configured, isSet, dataDir: config.dataDir }).current()
  process.stdout.write(`id:   ${id}\nname: ${name}\nrole: ${config.role}\nkey:  ${apiKey}\n`)
} catch (error) {
  process.stderr.write(`${errorMessage(error)}\n`)
  process.exitCode = 1
}
