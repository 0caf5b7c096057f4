import { existsSync, readFileSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errorMessage, StartError } from '../errors.ts'
import { checkDatabase } from './database-copy.ts'
import { databaseEntry, manifestForm, type Manifest } from './manifest.ts'
import { stagingIn, verifiedIn } from './staging.ts'
import { unpack } from './unpack.ts'

export interface RestoreTarget {
  dataDir: string
  databasePath: string
  appsDir: string
}

/** May be in the data folder beforehand. */
const harmless = new Set(['.restore', 'backups', 'compile-cache', 'lost+found'])

/**
 * Restores a backup into a data folder without a database. Everything is unpacked and compared first, then moved into place. If that
 * is interrupted, the next call goes on, and until then the server does not start.
 *
 * @throws StartError when the backup is not whole, or when something is in its way. Nothing that was there is changed or removed
 */
export async function restoreBackup(file: string, target: RestoreTarget): Promise<{ manifest: Manifest; wentOn: boolean }> {
  const { dataDir, appsDir } = target
  const wentOn = existsSync(verifiedIn(dataDir))
  if (!wentOn) await stage(file, target)
  const manifest = manifestForm.parse(JSON.parse(readFileSync(verifiedIn(dataDir), 'utf8')))
  await move(stagingIn(appsDir), appsDir, await namesIn(stagingIn(appsDir)))
  await rm(stagingIn(appsDir), { recursive: true, force: true })
  const names = (await namesIn(stagingIn(dataDir))).filter((name) => name !== 'verified.json' && name !== databaseName)
  await move(stagingIn(dataDir), dataDir, names)
  const database = join(stagingIn(dataDir), databaseName)
  if (existsSync(database)) await rename(database, target.databasePath)
  await sync(dataDir)
  // Last: while it is there, the server does not start.
  await rm(stagingIn(dataDir), { recursive: true })
  return { manifest, wentOn }
}

const databaseName = databaseEntry.slice('node/'.length)

async function stage(file: string, target: RestoreTarget): Promise<void> {
  const { dataDir, appsDir } = target
  await refuseOccupied(target)
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  await mkdir(appsDir, { recursive: true })
  for (const folder of [dataDir, appsDir]) {
    await rm(stagingIn(folder), { recursive: true, force: true })
    await mkdir(stagingIn(folder), { mode: 0o700 })
  }
  try {
    const manifest = await unpack(file, { node: stagingIn(dataDir), apps: stagingIn(appsDir) })
    await checkDatabase(join(stagingIn(dataDir), databaseName)).catch((error: unknown) => {
      throw new StartError(`${file} cannot be used: ${errorMessage(error)}. Nothing was restored. Use another backup`)
    })
    await refuseTaken(target)
    await writeFile(verifiedIn(dataDir), JSON.stringify(manifest), { mode: 0o600, flush: true })
  } catch (error) {
    for (const folder of [dataDir, appsDir]) await rm(stagingIn(folder), { recursive: true, force: true })
    throw error
  }
}

/** A node that is there already stays as it is. */
async function refuseOccupied({ dataDir, databasePath }: RestoreTarget): Promise<void> {
  const found = (await namesIn(dataDir)).filter((name) => !harmless.has(name))
  if (existsSync(databasePath)) found.push(databasePath)
  if (found.length === 0) return
  throw new StartError(
    `${dataDir} is not empty: it has ${found.slice(0, 3).join(', ')}${found.length > 3 ? ` and ${found.length - 3} more` : ''}. ` +
      'Stop the node, move this folder away or set DATABASE_PATH to another place, then restore again',
  )
}

async function refuseTaken({ appsDir }: RestoreTarget): Promise<void> {
  const taken = (await namesIn(stagingIn(appsDir))).filter((name) => existsSync(join(appsDir, name)))
  if (taken.length === 0) return
  throw new StartError(
    `${appsDir} has folders of the same names already: ${taken.join(', ')}. Move them away or set APPS_DIR to another place, then restore again`,
  )
}

async function move(from: string, to: string, names: string[]): Promise<void> {
  for (const name of names) await rename(join(from, name), join(to, name))
  if (names.length > 0) await sync(to)
}

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => [])

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  await handle.sync().finally(() => handle.close())
}
