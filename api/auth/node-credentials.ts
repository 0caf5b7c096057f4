import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

/** Compares in a time that says nothing of either text, their lengths included. */
export const sameSecret = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b))

const digest = (text: string): Buffer => hash('sha256', text, 'buffer')

/** What X-Node-ID and X-Node-API-Key say. */
export interface NodeCredentials {
  nodeId: string | undefined
  apiKey: string | undefined
}

/** How many keys of one node may be good at once: the current one, the next one, the former one. */
export const mostKeys = 3

/**
 * Says which node is calling: its id when the key is one of those shared with it, else null. It always makes the same number
 * of comparisons, for an unknown id and for a node whose key is being changed as well, so that guessing teaches neither.
 *
 * @param findKeys the keys shared with a node, of which there is more than one only while it changes, `mostKeys` at most; none
 *   for a node that is not known. To keep that promise it has to answer from memory, with keys that are open already
 * @param onProved which of them it was
 */
export function createNodeAuthenticator({
  findKeys,
  onProved,
}: {
  findKeys: (nodeId: string) => string[]
  onProved?: (nodeId: string, apiKey: string) => void
}) {
  const keyOfNobody = randomBytes(32).toString('base64url')

  return function authenticate({ nodeId, apiKey }: NodeCredentials): string | null {
    if (!nodeId || !apiKey) return null
    const known = findKeys(nodeId)
    const said = digest(apiKey)
    // Every one is compared, also after one that fits.
    const fits = Array.from({ length: mostKeys }, (_, index) => timingSafeEqual(digest(known[index] ?? keyOfNobody), said))
    if (!fits.slice(0, known.length).includes(true)) return null
    onProved?.(nodeId, apiKey)
    return nodeId
  }
}

export type NodeAuthenticator = ReturnType<typeof createNodeAuthenticator>
