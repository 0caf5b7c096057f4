import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BackupSource } from './backup/make-backup.ts'
import { loadIdentity } from './cluster/home/identity.ts'
import { StartError } from './errors.ts'
import type { Config } from './config.ts'
import { projectRoot } from './project-root.ts'

/** What a backup of this node is made of. @throws StartError when there is nothing yet, or its identity cannot be read */
export function backupSource({ databasePath, dataDir, appsDir, node, role, secretKey }: Config): BackupSource {
  if (!existsSync(databasePath)) throw new StartError(`There is no database at ${databasePath}, so there is nothing to back up yet`)
  const { id } = loadIdentity({ dataDir, ...node })
  // Values from the environment are not in the data folder.
  const given = { SECRET_KEY: secretKey, NODE_ID: node.id, NODE_API_KEY: node.apiKey }
  const needs = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : name))
  return { databasePath, dataDir, appsDir, node: { id, name: node.name, role }, needs, version: ownVersion() }
}

export const ownVersion = (): string => (JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string }).version
