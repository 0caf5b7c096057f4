import type { EntityManager } from '../db/orm.ts'
import type { Log } from '../log.ts'
import { createSecretBox, type SecretBox } from './secret-box.ts'
import { loadSecretKey, sessionSecretOf } from './secret-key.ts'
import { finishRotation, loadFormerKeys, type SealedColumn, type SealedDocuments } from './secret-key-rotation.ts'

interface Keys {
  dataDir: string
  secretKey: string | undefined
  secretKeyPrevious: string | undefined
}

const readKeys = ({ dataDir, secretKey, secretKeyPrevious }: Keys) => {
  const formerKeys = loadFormerKeys({ dataDir, fromEnvironment: secretKeyPrevious })
  const key = loadSecretKey({ dataDir, fromEnvironment: secretKey })
  return { key, formerKeys, box: createSecretBox(key, ...formerKeys) }
}

/** Opens secrets for a command, also in the middle of a change of the key. */
export const openSecrets = (config: Keys): SecretBox => readKeys(config).box

/** Secrets at rest: the box that seals them with this node's secret key, and the second half of a change of that key. */
export function createSecrets(deps: {
  em: EntityManager
  config: Keys
  /** Every column that holds sealed values. */
  columns: (SealedColumn | SealedDocuments)[]
  log: Log
}) {
  const { em, columns, log } = deps
  const { dataDir } = deps.config
  const { key, formerKeys, box } = readKeys(deps.config)

  return {
    ...box,
    /** Signs session cookies when JWT_SECRET is not set. */
    sessionSecret: sessionSecretOf(key),
    /** If there is a previous key, encrypts everything with the current one. */
    async finishRotation(): Promise<void> {
      if (formerKeys.length === 0) return
      const count = await finishRotation({ em, box, columns, dataDir })
      log.info({ count }, 'secrets encrypted with the new key')
    },
  }
}
