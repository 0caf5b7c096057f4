import { mkdirSync } from 'node:fs'
import { runCommand } from './command.ts'
import { loadIdentity } from '../cluster/home/identity.ts'
import { createOwnName } from '../cluster/home/own-name.ts'
import { ownConfig } from '../own-config.ts'

/** `npm run identity`: prints what a primary needs to register this node. Requires read access to the data folder. */
await runCommand(() => {
  const config = ownConfig()
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const { id, apiKey } = loadIdentity({ dataDir: config.dataDir, ...config.node })
  const { name: configured, nameIsSet: isSet } = config.node
  const name = config.role === 'primary' ? configured : createOwnName({ configured, isSet, dataDir: config.dataDir }).current()
  return `id:   ${id}\nname: ${name}\nrole: ${config.role}\nkey:  ${apiKey}\n`
})
