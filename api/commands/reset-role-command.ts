import { existsSync } from 'node:fs'
import { runCommand } from './command.ts'
import { dataDirOf } from '../config.ts'
import { StartError } from '../errors.ts'
import { forgetRole } from '../cluster/home/kept-role.ts'
import { environment } from '../own-config.ts'

/** `npm run reset-role`: lets the next start make this node a primary or a secondary. */
await runCommand(() => {
  const dataDir = dataDirOf(environment())
  if (!existsSync(dataDir)) throw new StartError(`There is no data folder at ${dataDir}, so this node has no role yet`)
  forgetRole(dataDir)
  return 'This node has forgotten its role and its primary. Its id, key and apps are unchanged. If it is running, stop it. The settings at the next start decide its role.\n'
})
