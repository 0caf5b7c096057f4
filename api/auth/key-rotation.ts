import { randomBytes } from 'node:crypto'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { EntityManager } from '../db/orm.ts'
import { StartError } from '../errors.ts'
import { readOrMakePrivateFile } from '../private-file.ts'
import type { SecretBox } from './secret-box.ts'
import { loadSecretKey } from './secret-key.ts'

const fileOf = (dataDir: string): string => join(dataDir, 'secret.key')
const formerFileOf = (dataDir: string): string => join(dataDir, 'secret.key.previous')

/**
 * The first half of a rotation, for `npm run secrets:rotate`: the key becomes the previous one and a new one is made. The
 * second half, sealing everything anew, is done by the next start. Between the two, and after a crash anywhere, both keys
 * are there and every secret opens.
 *
 * @throws StartError while an earlier rotation is not finished
 */
export function beginRotation(dataDir: string): void {
  if (existsSync(formerFileOf(dataDir))) {
    throw new StartError('The last rotation is not finished: start the node once, which seals everything with the new key')
  }
  if (!existsSync(fileOf(dataDir)))
    throw new StartError(`${fileOf(dataDir)} does not exist: there is nothing to rotate before the first start`)
  renameSync(fileOf(dataDir), formerFileOf(dataDir))
  try {
    readOrMakePrivateFile(fileOf(dataDir), () => `${randomBytes(32).toString('base64url')}\n`)
  } catch (error) {
    // Such as on a full disk: nothing was rotated.
    renameSync(formerFileOf(dataDir), fileOf(dataDir))
    throw error
  }
}

/** The keys that open but do not seal: SECRET_KEY_PREVIOUS, and the file of a rotation that is not finished. */
export function loadFormerKeys({ dataDir, fromEnvironment }: { dataDir: string; fromEnvironment?: string | undefined }): Buffer[] {
  const keys: Buffer[] = []
  if (fromEnvironment !== undefined) keys.push(loadSecretKey({ dataDir, fromEnvironment }))
  if (existsSync(formerFileOf(dataDir))) {
    keys.push(loadSecretKey({ dataDir, fromEnvironment: readOrMakePrivateFile(formerFileOf(dataDir), () => '').trim() }))
  }
  return keys
}

/** A column of sealed values: how they are read, what context each is sealed for, and how one is written back. */
export interface SealedColumn {
  rows: (em: EntityManager) => Promise<{ id: string; sealed: string }[]>
  contextOf: (id: string) => string
  write: (em: EntityManager, id: string, sealed: string) => Promise<unknown>
}

/**
 * The second half: seals everything with the key in use, in one transaction, erases what was there, and only then forgets the former key.
 * @returns how many secrets were sealed anew
 */
export async function finishRotation(deps: {
  em: EntityManager
  box: SecretBox
  columns: SealedColumn[]
  dataDir: string
}): Promise<number> {
  let count = 0
  await deps.em.fork().transactional(async (transaction) => {
    for (const { rows, contextOf, write } of deps.columns) {
      for (const { id, sealed } of await rows(transaction)) {
        if (sealed === '') continue
        await write(transaction, id, deps.box.seal(deps.box.open(sealed, contextOf(id)), contextOf(id)))
        count += 1
      }
    }
  })
  await eraseFreed(deps.em)
  rmSync(formerFileOf(deps.dataDir), { force: true })
  return count
}

/** SQLite only marks as free what was there before: who has the former key could read it in the file, or in its write-ahead log. */
async function eraseFreed(em: EntityManager): Promise<void> {
  const connection = em.getConnection()
  await connection.execute('vacuum')
  await connection.execute('pragma wal_checkpoint(truncate)')
}
