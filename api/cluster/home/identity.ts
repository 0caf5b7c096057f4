import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { StartError } from '../../errors.ts'
import { readOrMakePrivateFile } from '../../private-file.ts'

/** This node's UUID and the key it shares with its primary. */
export interface NodeIdentity {
  id: string
  apiKey: string
  /** The key before the last change, which a primary that missed the change may still use. Null if there is none. */
  formerKey: string | null
  /** Whether the key comes from NODE_API_KEY, where this program cannot change it. */
  keyIsSet: boolean
}

export interface IdentityRandom {
  uuid: () => string
  bytes: (size: number) => Buffer
}

export const systemRandom: IdentityRandom = { uuid: () => randomUUID(), bytes: (size) => randomBytes(size) }

const kept = z.object({ id: z.guid(), apiKey: z.string().min(8), formerKey: z.string().min(8).optional() })

/**
 * Loads this node's identity. Values from the settings win and are not written to disk. The rest is created at the first
 * start and kept in `<dataDir>/identity.json`.
 *
 * @throws StartError when the file is damaged or readable by others. It is not replaced, because the cluster would not
 *   know the new identity
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
    `${path} is damaged: it must be JSON with "id" (a UUID) and "apiKey". Restore it from a backup, or set NODE_ID and ` +
      'NODE_API_KEY to the values the primary has for this node. If you delete the file, the node gets a new identity and must be registered again',
  )
}

function parse(text: string): z.infer<typeof kept> | undefined {
  try {
    return kept.safeParse(JSON.parse(text)).data
  } catch {
    // The JSON.parse error is dropped because it quotes the text, including the key.
    return undefined
  }
}
