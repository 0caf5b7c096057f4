import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { StartError } from '../errors.ts'
import { readOrMakePrivateFile } from '../private-file.ts'

/** Who this node is: its UUID, and the key that it shares with its primary. */
export interface NodeIdentity {
  id: string
  apiKey: string
  /** Was good until the key changed, and may still be asked for by a primary that has not heard of it; null for none. */
  formerKey: string | null
  /** Whether NODE_API_KEY sets the key, so that this program cannot change it. */
  keyIsSet: boolean
}

export interface IdentityRandom {
  uuid: () => string
  bytes: (size: number) => Buffer
}

export const systemRandom: IdentityRandom = { uuid: () => randomUUID(), bytes: (size) => randomBytes(size) }

const kept = z.object({ id: z.guid(), apiKey: z.string().min(8), formerKey: z.string().min(8).optional() })

/**
 * The identity of this node. What the settings name wins and is not written; the rest is made at the first start and kept
 * in `<dataDir>/identity.json`.
 *
 * @throws StartError when the file is damaged or open to others: a new identity would be a stranger to the cluster
 */
export function loadIdentity(options: {
  dataDir: string
  id?: string | undefined
  apiKey?: string | undefined
  random?: IdentityRandom
}): NodeIdentity {
  const { dataDir, id, apiKey, random = systemRandom } = options
  const set = { formerKey: null, keyIsSet: true }
  if (id && apiKey) return { id, apiKey, ...set }
  const path = join(dataDir, 'identity.json')
  const make = () => ({ id: random.uuid(), apiKey: random.bytes(32).toString('base64url') })
  const known = parse(readOrMakePrivateFile(path, () => `${JSON.stringify(make(), null, 2)}\n`))
  if (known && apiKey) return { id: id || known.id, apiKey, ...set }
  if (known) return { id: id || known.id, apiKey: known.apiKey, formerKey: known.formerKey ?? null, keyIsSet: false }
  throw new StartError(
    `${path} is damaged: it must be JSON with "id" (a UUID) and "apiKey". Put it back from a backup, or set NODE_ID and ` +
      'NODE_API_KEY to what the primary knows of this node. After removing the file the node gets a new identity and must be registered anew',
  )
}

function parse(text: string): z.infer<typeof kept> | undefined {
  try {
    return kept.safeParse(JSON.parse(text)).data
  } catch {
    // What JSON.parse says quotes the text, and with it the key.
    return undefined
  }
}
