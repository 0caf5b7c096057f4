import { beginRotation } from '../auth/secret-key-rotation.ts'
import { runCommand } from './command.ts'
import { StartError } from '../errors.ts'
import { ownConfig } from '../own-config.ts'

/** `npm run secrets:rotate`: makes a new key for the secrets in the database. The next start encrypts them with it. */
await runCommand(() => {
  const config = ownConfig()
  if (config.secretKey !== undefined) {
    throw new StartError(
      'SECRET_KEY is set. To rotate it, set SECRET_KEY_PREVIOUS to its current value and SECRET_KEY to a new one, then restart the node',
    )
  }
  beginRotation(config.dataDir)
  return 'A new secret key was made. Restart the node now, so that it encrypts everything with the new key and removes the previous one.\n'
})
