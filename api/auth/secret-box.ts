import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

const cipher = 'aes-256-gcm'
const keyBytes = 32
/** What GCM takes without hashing; random ones are safe for some 2^32 secrets under one key. */
const ivBytes = 12
const tagBytes = 16

const sealedForm = /^v1\.([0-9a-f]{8})\.([A-Za-z0-9_-]+)$/

/** Keeps secrets encrypted at rest. */
export interface SecretBox {
  /** @param context where the secret is kept, such as `node.apiKey:<id>`; it opens only there */
  seal(plain: string, context: string): string
  /** @throws Error that names the context and the fault, never the secret */
  open(sealed: string, context: string): string
}

/**
 * A sealed secret is `v1.<key id>.<base64url of iv, tag, ciphertext>`, by AES-256-GCM with the context as additional
 * authenticated data. The key id, the first 8 hex digits of the key's SHA-256, tells a wrong key from a damaged secret.
 *
 * @param key 32 bytes, seals and opens
 * @param olderKeys open only, so that a key can be changed
 */
export function createSecretBox(key: Buffer, ...olderKeys: Buffer[]): SecretBox {
  const keys = new Map([...olderKeys, key].map((each) => [idOf(each), each]))
  const keyId = idOf(key)

  return {
    seal(plain, context) {
      const iv = randomBytes(ivBytes)
      const encryption = createCipheriv(cipher, key, iv, { authTagLength: tagBytes }).setAAD(Buffer.from(context))
      const ciphertext = Buffer.concat([encryption.update(plain, 'utf8'), encryption.final()])
      return `v1.${keyId}.${Buffer.concat([iv, encryption.getAuthTag(), ciphertext]).toString('base64url')}`
    },

    open(sealed, context) {
      const [, sealedWith = '', body = ''] = sealedForm.exec(sealed) ?? []
      if (!body) throw new Error(`The secret ${context} cannot be opened: it is not in the sealed form`)
      const sealedKey = keys.get(sealedWith)
      if (!sealedKey) {
        throw new Error(`The secret ${context} cannot be opened: it was sealed with key ${sealedWith}, the key in use is ${keyId}`)
      }
      return decrypt(Buffer.from(body, 'base64url'), sealedKey, context)
    },
  }
}

function decrypt(body: Buffer, key: Buffer, context: string): string {
  try {
    const decryption = createDecipheriv(cipher, key, body.subarray(0, ivBytes), { authTagLength: tagBytes })
      .setAAD(Buffer.from(context))
      .setAuthTag(body.subarray(ivBytes, ivBytes + tagBytes))
    return Buffer.concat([decryption.update(body.subarray(ivBytes + tagBytes)), decryption.final()]).toString('utf8')
  } catch {
    throw new Error(`The secret ${context} cannot be opened: it is damaged, or belongs elsewhere`)
  }
}

function idOf(key: Buffer): string {
  if (key.length !== keyBytes) throw new Error(`A secret box needs keys of ${keyBytes} bytes, not ${key.length}`)
  return createHash('sha256').update(key).digest('hex').slice(0, 8)
}
