import { hkdfSync, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { StartError } from '../errors.ts'
import { readOrMakePrivateFile } from '../private-file.ts'

const madeForm = /^[A-Za-z0-9_-]{43}$/
const shortest = 32

/**
 * The 32-byte key of the secret box: SECRET_KEY if set, else `<dataDir>/secret.key`, created at the first start. HKDF-SHA256
 * derives the key from either text, so the file's text can move to SECRET_KEY and gives the same key.
 * HKDF does not slow down guessing, so SECRET_KEY must be random, not a phrase.
 *
 * @throws StartError if SECRET_KEY is too short, or if the file is damaged or readable by others
 */
export function loadSecretKey({ dataDir, fromEnvironment }: { dataDir: string; fromEnvironment?: string | undefined }): Buffer {
  if (fromEnvironment === undefined) return derive(readKeyFile(join(dataDir, 'secret.key')))
  if (fromEnvironment.length < shortest) {
    throw new StartError(`SECRET_KEY must have at least ${shortest} characters, for example the output of: openssl rand -hex 32`)
  }
  return derive(fromEnvironment)
}

/** Signs session cookies when JWT_SECRET is not set. After a key rotation everyone has to sign in again. */
export const sessionSecretOf = (key: Buffer): string =>
  Buffer.from(hkdfSync('sha256', key, '', 'selfhostly local sessions v1', 32)).toString('base64url')

function readKeyFile(path: string): string {
  const text = readOrMakePrivateFile(path, () => `${randomBytes(32).toString('base64url')}\n`).trim()
  if (madeForm.test(text)) return text
  throw new StartError(
    `${path} is damaged: it must be one line of 43 characters. Restore it from a backup, or set SECRET_KEY to its contents. ` +
      'The stored secrets cannot be read without it. If it is lost, remove the file, then enter node keys and tokens again',
  )
}

const derive = (text: string): Buffer => Buffer.from(hkdfSync('sha256', text, '', 'selfhostly secrets at rest v1', 32))
