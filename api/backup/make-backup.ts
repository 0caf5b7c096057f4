import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { StartError } from '../errors.ts'
import { createArchiveWriter, type ArchiveWriter } from './archive-writer.ts'
import { copyDatabase, foldersInPlace } from './database-copy.ts'
import { backupFormat, databaseEntry, type Manifest } from './manifest.ts'

/** What a backup is made of. */
export interface BackupSource {
  databasePath: string
  dataDir: string
  appsDir: string
  node: Manifest['node']
  /** Settings from the environment without which the node is not the same. */
  needs: string[]
  version: string
}

/**
 * Writes one file with the database, the keys and the folders of the apps, whether or not the server runs.
 *
 * @param path must not exist
 * @throws StartError when the file exists; other errors leave no file
 */
export async function makeBackup(
  source: BackupSource,
  { path, now, signal }: { path: string; now: Date; signal?: AbortSignal },
): Promise<Manifest> {
  const { databasePath, node, needs, version } = source
  if (existsSync(path)) throw new StartError(`${path} exists already. Give the backup another name`)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  // Beside the result, where there must be room anyway.
  const work = await mkdtemp(join(dirname(path), `.${basename(path)}-`))
  const archive = createArchiveWriter(path, signal)
  try {
    const database = join(work, 'database')
    await copyDatabase(databasePath, database)
    await addNode(archive, source, database)
    await addApps(archive, source, database, dirname(path))
    return await archive.finish({ format: backupFormat, version, madeAt: now, node, needs })
  } catch (error) {
    throw await archive.giveUp(error)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** The database and the keys. Copies from before an upgrade and copies of volumes stay where they are. */
async function addNode(archive: ArchiveWriter, { databasePath, dataDir }: BackupSource, database: string): Promise<void> {
  await archive.add(databaseEntry, database)
  const ofDatabase = basename(databasePath)
  for (const entry of await readdir(dataDir, { withFileTypes: true })) {
    if (entry.isFile() && !entry.name.startsWith(ofDatabase) && !/^\.|\.tmp$/.test(entry.name)) {
      await archive.add(`node/${entry.name}`, join(dataDir, entry.name))
    }
  }
}

async function addApps(archive: ArchiveWriter, { appsDir }: BackupSource, database: string, backups: string): Promise<void> {
  const entries = await readdir(appsDir, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    // Otherwise each backup would hold all earlier ones.
    const holdsBackups = isIn(join(appsDir, entry.name), backups)
    if (entry.isDirectory() && !entry.name.startsWith('.') && !holdsBackups)
      await archive.add(`apps/${entry.name}`, join(appsDir, entry.name))
  }
  for (const { name, directory } of foldersInPlace(database)) {
    if (isIn(appsDir, directory)) continue
    archive.leftOut.push({ path: directory, why: `is the folder of ${name}, outside APPS_DIR. Copy it yourself` })
  }
}

const isIn = (folder: string, path: string): boolean => !relative(folder, path).startsWith('..')
