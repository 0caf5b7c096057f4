import { randomBytes, randomUUID } from 'node:crypto'
import { rmSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { pino } from 'pino'
import { systemClock, type Clock } from '../../api/clock.ts'
import { readConfig, type Environment } from '../../api/config.ts'
import { startNode } from '../../api/program.ts'
import { sendsCredentials, testTokenName, type Credentials } from './credentials.ts'
import { callerOf, type Caller } from './http-caller.ts'

export interface LogLine {
  level: string
  msg: string
  [member: string]: unknown
}

export interface RunningNode extends Caller {
  id: string
  key: string
  /** Default credentials of `send`, `ask` and `follow`: an administrator's token, where tokens exist. */
  headers: Credentials
  /** Calls without any credentials. */
  stranger: Caller
  /** Creates a sign-in link. @returns its code, or null where people do not sign in by link */
  link(): Promise<string | null>
  services: Awaited<ReturnType<typeof startNode>>['services']
  /** Path of its database. */
  databasePath: string
  /** Its settings, to start a replacement. */
  settings: Environment
  /** Its log so far. */
  log: LogLine[]
  /** Stops it early. Otherwise it stops when the test ends. */
  stop(): Promise<void>
}

type TestContext = Pick<ExecutionContext<unknown>, 'teardown'>

/**
 * A real node in this process: real port on 127.0.0.1, real database, real Docker, its own folders. It stops after the
 * test. Stats are measured rarely so that many nodes in a test cost little. `env` overrides everything.
 */
export async function runningNode(
  t: TestContext,
  env: Environment = {},
  { clock = systemClock }: { clock?: Clock } = {},
): Promise<RunningNode> {
  const folder = mkdtempSync(join(tmpdir(), 'selfhostly-node-'))
  const id = randomUUID()
  const key = randomBytes(32).toString('base64url')
  const settings = {
    SERVER_ADDRESS: '127.0.0.1:0',
    DATABASE_PATH: join(folder, 'data', 'selfhostly.db'),
    APPS_DIR: join(folder, 'apps'),
    NODE_ID: id,
    NODE_API_KEY: key,
    NODE_NAME: `node-${id.slice(0, 8)}`,
    STATS_INTERVAL: '300',
    ...env,
  }
  const config = readConfig(settings)
  const log: LogLine[] = []
  const keepLine = { write: (line: string) => void log.push(JSON.parse(line) as LogLine) }
  const logger = pino({ level: 'debug', base: null, formatters: { level: (label) => ({ level: label }) } }, keepLine)
  const node = await startNode({ config, clock, random: Math.random, log: logger })
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= node.stop())
  t.teardown(async () => {
    await stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const { self } = node.services
  const url = `http://127.0.0.1:${node.port}`
  const headers = sendsCredentials(settings) ? await administratorsToken(node.services) : {}
  return {
    ...callerOf(url, headers),
    headers,
    stranger: callerOf(url),
    link: async () => (sendsCredentials(settings) ? ((await node.services.access.links?.make()) ?? null) : null),
    id: self.id,
    key: self.apiKey,
    services: node.services,
    databasePath: config.databasePath,
    settings,
    log,
    stop,
  }
}

async function administratorsToken({ access }: RunningNode['services']): Promise<Credentials> {
  const owner = { userId: access.machineId(), role: 'admin' } as const
  const { secret } = await access.tokens.create(owner, { name: testTokenName(), scope: 'admin', expiresInDays: 366 })
  return { authorization: `Bearer ${secret}` }
}

/** A secondary of `primary`. Without one, its primary never answers. */
export const runningSecondary = (
  t: TestContext,
  primary?: { url: string },
  env: Environment = {},
  world: { clock?: Clock } = {},
): Promise<RunningNode> =>
  runningNode(t, { NODE_IS_PRIMARY: 'false', PRIMARY_NODE_URL: primary?.url ?? 'http://127.0.0.1:1', ...env }, world)

/** Credentials between a secondary and its primary, in both directions. */
export const nodeHeaders = ({ id, key }: { id: string; key: string }): Record<string, string> => ({
  'x-node-id': id,
  'x-node-api-key': key,
})
