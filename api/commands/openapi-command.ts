import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../clock.ts'
import { readConfig, type Environment } from '../config.ts'
import { clusterDocument, type OpenApiDocument } from '../http/openapi.ts'
import { createLog } from '../log.ts'
import { startNode } from '../program.ts'

/** Writes docs/openapi.json, which is committed. A test compares it with the document that nodes serve. */
const primary = await documentOf({})
const secondary = await documentOf({ NODE_IS_PRIMARY: 'false', PRIMARY_NODE_URL: 'http://127.0.0.1:1' })
writeFileSync(new URL('../../docs/openapi.json', import.meta.url), `${JSON.stringify(clusterDocument(primary, secondary), null, 2)}\n`)
process.exit()

async function documentOf(role: Environment): Promise<OpenApiDocument> {
  const folder = mkdtempSync(join(tmpdir(), 'selfhostly-openapi-'))
  const config = readConfig({
    SERVER_ADDRESS: '127.0.0.1:0',
    DATABASE_PATH: join(folder, 'data', 'selfhostly.db'),
    ...role,
  })
  const log = createLog({ level: 'silent' })
  const node = await startNode({ config, clock: systemClock, random: Math.random, log })
  try {
    const { access } = node.services
    const owner = { userId: access.machineId(), role: 'admin' } as const
    const { secret } = await access.tokens.create(owner, { name: 'openapi:print', scope: 'viewer', expiresInDays: 1 })
    const headers = { authorization: `Bearer ${secret}` }
    const answer = await fetch(`http://127.0.0.1:${node.port}/api/openapi.json`, { headers })
    if (!answer.ok) throw new Error(`GET /api/openapi.json answered ${answer.status}`)
    return (await answer.json()) as OpenApiDocument
  } finally {
    await node.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
