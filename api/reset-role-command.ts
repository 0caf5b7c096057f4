import { existsSync } from 'node:fs'
import { runCommand } from './command.ts'
import { dataDirOf } from './config.ts'
import { StartError } from './errors.ts'
import { forgetRole } from './nodes/kept-role.ts'
import { environment } from './own-config.ts'

/** `npm run reset-role`: this node may become a primary or a secondary, as the next start says. */
await runCommand(() => {
  const dataDir = dataDirOf(environment())
  if (!existsSync(dataDir)) throw new StartError(`There is no data folder at ${dataDir}: this node has no role yet`)
  forgetRole(dataDir)
  return 'This node has forgotten its role and its primary. Its id, key and apps are as they were. The next start says what it becomes; if it runs now, stop it first.\n'
})
