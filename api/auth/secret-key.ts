import { hkdfSync, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { StartError } from '../errors.ts'
import { readOrMakePrivateFile } from '../private-file.ts'

const madeForm = /^[A-Za-z0-9_-]{43}$/
const shortest = 32

/**
 * The 32 byte key of the secret box: SECRET_KEY if it is set, else `<dataDir>/secret.key`, made at the first start. Both are
 * text from which HKDF-SHA256 derives the key, so the text of the file can move into SECRET_KEY and means the same.
 * HKDF does not slow guessing down: SECRET_KEY has to be random, not a phrase.
 *
 * @throws StartError when SECRET_KEY is too short, or the file is damaged or open to others
 */
export function loadSecretKey({ dataDir, fromEnvironment }: { dataDir: string; fromEnvironment?: string | undefined }): Buffer {
  if (fromEnvironment === undefined) return derive(readKeyFile(join(dataDir, 'secret.key')))
  if (fromEnvironment.length < shortest) {
    throw new StartError(`SECRET_KEY must have at least ${shortest} characters; for example the output of: openssl rand -hex 32`)
  }
  return derive(fromEnvironment)
}

/** Signs the cookies of a node where no JWT_SECRET is set; after a rotation of the key everybody signs in anew. */
export const sessionSecretOf = (key: Buffer): string =>
  Buffer.from(hkdfSync('sha256', key, '', 'selfhostly local sessions v1', 32)).toString('base64url')

function readKeyFile(path: string): string {
  const text = readOrMakePrivateFile(path, () => `${randomBytes(32).toString('base64url')}\n`).trim()
  if (madeForm.test(text)) return text
  throw new StartError(
    `${path} is damaged: it must be one line of 43 characters. Put it back from a backup, or set SECRET_KEY to what it held. ` +
      'Without it the stored secrets cannot be read: after removing the file, enter node keys and tokens again',
  )
}

const derive = (text: string): Buffer => Buffer.from(hkdfSync('sha256', text, '', 'selfhostly secrets at rest v1', 32))
