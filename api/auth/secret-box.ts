import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

const cipher = 'aes-256-gcm'
const keyBytes = 32
/** The length GCM uses without hashing. Random IVs are safe for about 2^32 secrets per key. */
const ivBytes = 12
const tagBytes = 16

const sealedForm = /^v1\.([0-9a-f]{8})\.([A-Za-z0-9_-]+)$/

/** Encrypts secrets at rest. */
export interface SecretBox {
  /** @param context where the secret is stored, such as `node.apiKey:<id>`. It can only be opened with the same context */
  seal(plain: string, context: string): string
  /** @throws Error naming the context and the reason, never the secret */
  open(sealed: string, context: string): string
}

/**
 * A sealed secret is `v1.<key id>.<base64url of iv, tag, ciphertext>`, encrypted by AES-256-GCM with the context as additional
 * authenticated data. The key id is the first 8 hex digits of the key's SHA-256. It distinguishes a wrong key from a damaged secret.
 *
 * @param key 32 bytes, encrypts and decrypts
 * @param olderKeys only decrypt, so that the key can be changed
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
      if (!body) throw new Error(`The secret ${context} cannot be decrypted: it is not in the encrypted form`)
      const sealedKey = keys.get(sealedWith)
      if (!sealedKey) {
        throw new Error(
          `The secret ${context} cannot be decrypted: it was encrypted with key ${sealedWith}, but the current key is ${keyId}`,
        )
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
    throw new Error(`The secret ${context} cannot be decrypted: it is damaged or was encrypted for another place`)
  }
}

function idOf(key: Buffer): string {
  if (key.length !== keyBytes) throw new Error(`A secret box needs keys of ${keyBytes} bytes, not ${key.length}`)
  return createHash('sha256').update(key).digest('hex').slice(0, 8)
}
