import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import { isoCBOR } from '@simplewebauthn/server/helpers'

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
const sha256 = (data: string | Uint8Array): Buffer => createHash('sha256').update(data).digest()

/** User present, user verified. Source: WebAuthn Level 3, 6.1 */
const seen = 0x05
const withCredential = 0x40

/** A device with one passkey, whose counter goes up with each use. Source: WebAuthn Level 3, 6.5 and RFC 9053, 7.1 */
export function authenticator({ id: site, origin }: { id: string; origin: string }) {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const credentialId = randomBytes(32)
  const id = base64url(credentialId)
  const device = { id, counter: 1 }

  const dataOf = (flags: number, more: Uint8Array = Buffer.alloc(0)): Buffer => {
    const counter = Buffer.alloc(4)
    counter.writeUInt32BE(device.counter)
    return Buffer.concat([sha256(site), Buffer.from([flags]), counter, more])
  }
  const clientData = (type: string, challenge: string): Buffer =>
    Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }))
  const answer = <T>(response: T) => ({ id, rawId: id, type: 'public-key' as const, clientExtensionResults: {}, response })

  return {
    device,

    register({ challenge = '' }: { challenge?: string }) {
      const key = isoCBOR.encode(
        new Map<number, number | Uint8Array>([
          ...([
            [1, 2],
            [3, -7],
            [-1, 1],
          ] as const),
          ...([
            [-2, Uint8Array.from(Buffer.from(x, 'base64url'))],
            [-3, Uint8Array.from(Buffer.from(y, 'base64url'))],
          ] as const),
        ]),
      )
      const length = Buffer.from([0, credentialId.length])
      const authData = dataOf(seen | withCredential, Buffer.concat([Buffer.alloc(16), length, credentialId, key]))
      const statement = new Map<string, unknown>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', Uint8Array.from(authData)],
      ])
      const attestationObject = base64url(isoCBOR.encode(statement as never))
      return answer({ clientDataJSON: base64url(clientData('webauthn.create', challenge)), attestationObject })
    },

    /** @param flags what the device says it has checked */
    signIn({ challenge = '' }: { challenge?: string }, flags = seen) {
      device.counter++
      const data = clientData('webauthn.get', challenge)
      const authenticatorData = dataOf(flags)
      const signature = sign('sha256', Buffer.concat([authenticatorData, sha256(data)]), privateKey)
      return answer({
        authenticatorData: base64url(authenticatorData),
        clientDataJSON: base64url(data),
        signature: base64url(signature),
      })
    },
  }
}
