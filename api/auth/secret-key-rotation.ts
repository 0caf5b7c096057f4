import { randomBytes } from 'node:crypto'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { eraseFreed } from '../db/durability.ts'
import type { EntityManager } from '../db/orm.ts'
import { StartError } from '../errors.ts'
import { readOrMakePrivateFile } from '../private-file.ts'
import type { SecretBox } from './secret-box.ts'
import { loadSecretKey } from './secret-key.ts'

const fileOf = (dataDir: string): string => join(dataDir, 'secret.key')
const formerFileOf = (dataDir: string): string => join(dataDir, 'secret.key.previous')

/**
 * The first half of a rotation, for `npm run secrets:rotate`: the current key becomes the previous one and a new key is created.
 * The next start does the second half and re-encrypts everything. Between the two, and after a crash at any point, both keys
 * exist and every secret can be decrypted.
 *
 * @throws StartError while an earlier rotation is unfinished
 */
export function beginRotation(dataDir: string): void {
  if (existsSync(formerFileOf(dataDir))) {
    throw new StartError('The last rotation is not finished. Start the node once to encrypt every secret with the new key')
  }
  if (!existsSync(fileOf(dataDir)))
    throw new StartError(`${fileOf(dataDir)} does not exist. There is nothing to rotate before the first start`)
  renameSync(fileOf(dataDir), formerFileOf(dataDir))
  try {
    readOrMakePrivateFile(fileOf(dataDir), () => `${randomBytes(32).toString('base64url')}\n`)
  } catch (error) {
    // For example on a full disk. Undo the rename, so that nothing was rotated.
    renameSync(formerFileOf(dataDir), fileOf(dataDir))
    throw error
  }
}

/** Keys that decrypt but no longer encrypt: SECRET_KEY_PREVIOUS, and the previous key of an unfinished rotation. */
export function loadFormerKeys({ dataDir, fromEnvironment }: { dataDir: string; fromEnvironment?: string | undefined }): Buffer[] {
  const keys: Buffer[] = []
  if (fromEnvironment !== undefined) keys.push(loadSecretKey({ dataDir, fromEnvironment }))
  if (existsSync(formerFileOf(dataDir))) {
    keys.push(loadSecretKey({ dataDir, fromEnvironment: readOrMakePrivateFile(formerFileOf(dataDir), () => '').trim() }))
  }
  return keys
}

/** A column of encrypted values: how to read them, which context each is bound to, and how to write one back. */
export interface SealedColumn {
  rows: (em: EntityManager) => Promise<{ id: string; sealed: string }[]>
  contextOf: (id: string) => string
  write: (em: EntityManager, id: string, sealed: string) => Promise<unknown>
}

/** Columns that hold encrypted values among others. */
export interface SealedDocuments {
  /** Replaces every encrypted value by what `again` makes of it. */
  sealAgain: (em: EntityManager, again: (sealed: string, context: string) => string) => Promise<void>
}

/**
 * The second half: re-encrypts everything with the current key in one transaction, erases the old values, and only then deletes
 * the previous key.
 *
 * @returns how many secrets were re-encrypted
 */
export async function finishRotation(deps: {
  em: EntityManager
  box: SecretBox
  columns: (SealedColumn | SealedDocuments)[]
  dataDir: string
}): Promise<number> {
  let count = 0
  await deps.em.fork().transactional(async (transaction) => {
    const again = (sealed: string, context: string): string => {
      count += 1
      return deps.box.seal(deps.box.open(sealed, context), context)
    }
    for (const column of deps.columns) {
      if ('sealAgain' in column) {
        await column.sealAgain(transaction, again)
        continue
      }
      const { rows, contextOf, write } = column
      for (const { id, sealed } of await rows(transaction)) {
        if (sealed === '') continue
        await write(transaction, id, again(sealed, contextOf(id)))
      }
    }
  })
  // Someone with the previous key could read the old values.
  await eraseFreed(deps.em)
  rmSync(formerFileOf(deps.dataDir), { force: true })
  return count
}
