import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

/** Compares in a time that says nothing of either text, their lengths included. */
export const sameSecret = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))

const digest = (text: string): Buffer => hash('sha256', text, 'buffer')

/** What X-Node-ID and X-Node-API-Key say. */
export interface NodeCredentials {
  nodeId: string | undefined
  apiKey: string | undefined
}

/**
 * Says which node is calling: its id when the key is the one shared with it, else null. An unknown id costs the same
 * comparison as a wrong key, so that guessing teaches neither.
 *
 * @param findKey the key shared with a node, null for a node that is not known. To keep that promise it has to answer
 *   from memory, with keys that are open already
 */
export function createNodeAuthenticator({ findKey }: { findKey: (nodeId: string) => string | null }) {
  const keyOfNobody = randomBytes(32).toString('base64url')

  return function authenticate({ nodeId, apiKey }: NodeCredentials): string | null {
    if (!nodeId || !apiKey) return null
    const known = findKey(nodeId)
    const isSame = sameSecret(known ?? keyOfNobody, apiKey)
    return isSame && known !== null ? nodeId : null
  }
}

export type NodeAuthenticator = ReturnType<typeof createNodeAuthenticator>
