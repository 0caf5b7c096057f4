import { beginRotation } from './auth/key-rotation.ts'
import { runCommand } from './command.ts'
import { StartError } from './errors.ts'
import { ownConfig } from './own-config.ts'

/** `npm run secrets:rotate`: makes a new key for the secrets in the database; the next start seals them with it. */
await runCommand(() => {
  const config = ownConfig()
  if (config.secretKey !== undefined) {
    throw new StartError(
      'SECRET_KEY is set: set it to a new value, set SECRET_KEY_PREVIOUS to the value that it has now, and restart the node',
    )
  }
  beginRotation(config.dataDir)
  return 'A new secret key was made. Restart the node now: it seals everything with the new key and removes the former one.\n'
})
