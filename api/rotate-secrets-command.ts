import { existsSync } from 'node:fs'
import { beginRotation } from './auth/key-rotation.ts'
import { readConfig } from './config.ts'
import { errorMessage, StartError } from './errors.ts'

/** `npm run secrets:rotate`: makes a new key for the secrets in the database; the next start seals them with it. */
try {
  if (existsSync('.env')) process.loadEnvFile('.env')
  const config = readConfig(process.env)
  if (config.secretKey !== undefined) {
    throw new StartError(
      'SECRET_KEY is set: set it to a new value, set SECRET_KEY_PREVIOUS to the value that it has now, and restart the node',
    )
  }
  beginRotation(config.dataDir)
  process.stdout.write(
    'A new secret key was made. Restart the node now: it seals everything with the new key and removes the former one.\n',
  )
} catch (error) {
  process.stderr.write(`${errorMessage(error)}\n`)
  process.exitCode = 1
}
