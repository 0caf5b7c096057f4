import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { StartError } from '../errors.ts'
import { readOrMakePrivateFile } from '../private-file.ts'

/** Who this node is: its UUID, and the key that it shares with its primary. */
export interface NodeIdentity {
  id: string
  apiKey: string
}

export interface IdentityRandom {
  uuid: () => string
  bytes: (size: number) => Buffer
}

export const systemRandom: IdentityRandom = { uuid: () => randomUUID(), bytes: (size) => randomBytes(size) }

const kept = z.object({ id: z.guid(), apiKey: z.string().min(8) })

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
  if (id && apiKey) return { id, apiKey }
  const path = join(dataDir, 'identity.json')
  const make = (): NodeIdentity => ({ id: random.uuid(), apiKey: random.bytes(32).toString('base64url') })
  const known = parse(readOrMakePrivateFile(path, () => `${JSON.stringify(make(), null, 2)}\n`))
  if (known) return { id: id || known.id, apiKey: apiKey || known.apiKey }
  throw new StartError(
    `${path} is damaged: it must be JSON with "id" (a UUID) and "apiKey". Put it back from a backup, or set NODE_ID and ` +
      'NODE_API_KEY to what the primary knows of this node. After removing the file the node gets a new identity and must be registered anew',
  )
}

function parse(text: string): NodeIdentity | undefined {
  try {
    return kept.safeParse(JSON.parse(text)).data
  } catch {
    // What JSON.parse says quotes the text, and with it the key.
    return undefined
  }
}
