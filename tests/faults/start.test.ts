import { once } from 'node:events'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import test, { type ExecutionContext } from 'ava'
import { ask } from '../helpers/graphql.ts'
import { nodeProcess, type NodeProcess, type Settings } from '../helpers/node-process.ts'

interface FailingStart {
  title: string
  settings?: Settings
  /** Sets up the fault. */
  prepare?: (node: NodeProcess, t: ExecutionContext) => unknown
  says: RegExp[]
}

const failingStarts: FailingStart[] = [
  {
    title: 'several wrong settings',
    settings: { SERVER_ADDRESS: 'somewhere', NODE_ID: 'seven', NODE_IS_PRIMARY: 'perhaps', HEALTH_CHECK_TIMEOUT: '-1' },
    says: [/SERVER_ADDRESS .*\[host\]:port/, /NODE_ID .*UUID/, /NODE_IS_PRIMARY .*true or false/, /HEALTH_CHECK_TIMEOUT .*seconds/],
  },
  {
    title: "a secondary without its primary's URL",
    settings: { NODE_IS_PRIMARY: 'false', NODE_API_ENDPOINT: 'ftp://here' },
    says: [/PRIMARY_NODE_URL is required/, /NODE_API_ENDPOINT .*http/],
  },
  {
    title: 'a database file that is not a database',
    prepare: (node) => inDataFolder(node, 'selfhostly.db', 'Dear diary, I am not a database.'),
    says: [/DATABASE_PATH: .* is not a SQLite database/],
  },
  {
    title: 'a folder where the database file should be',
    prepare: ({ databasePath }) => mkdirSync(databasePath, { recursive: true }),
    says: [/DATABASE_PATH: .* is not a file/],
  },
  {
    title: 'a database file that is read-only',
    async prepare(node) {
      await makeData(node)
      chmodSync(node.databasePath, 0o444)
    },
    says: [/DATABASE_PATH: .* is read-only/],
  },
  {
    title: 'a database of a newer version',
    async prepare(node) {
      await makeData(node)
      inDatabase(node, `insert into schema_migrations (name) values ('29990101-from-the-future')`)
    },
    says: [/DATABASE_PATH: .* newer version of Selfhostly \(29990101-from-the-future\)/],
  },
  {
    title: 'a database of another program',
    prepare(node) {
      mkdirSync(node.dataDir, { recursive: true })
      inDatabase(node, 'create table recipes (name text)')
    },
    says: [/DATABASE_PATH: .* another program's SQLite database/],
  },
  {
    title: 'a port that is in use',
    async prepare({ port }, t) {
      const other = createServer().listen(port, '127.0.0.1')
      await once(other, 'listening')
      t.teardown(() => other.close())
    },
    says: [/SERVER_ADDRESS: 127\.0\.0\.1:\d+ is taken/],
  },
  {
    title: 'a damaged identity file',
    async prepare(node) {
      await makeData(node)
      writeFileSync(join(node.dataDir, 'identity.json'), '{"id": "8a3d4c2e-00')
    },
    says: [/identity\.json is damaged/, /NODE_ID/],
  },
  {
    title: 'a secret key that other users can read',
    async prepare(node) {
      await makeData(node)
      chmodSync(join(node.dataDir, 'secret.key'), 0o644)
    },
    says: [/secret\.key .*0644/, /chmod 600/],
  },
]

const scratch = mkdtempSync(join(tmpdir(), 'selfhostly-start-'))
const template = join(scratch, 'data')
test.after.always(() => rmSync(scratch, { recursive: true, force: true }))

for (const { title, settings, prepare, says } of failingStarts) {
  test.serial(`stops with one clear message and touches nothing: ${title}`, async (t) => {
    const node = await nodeProcess(t, settings)
    await prepare?.(node, t)
    const before = dataOf(node)

    const { code, output } = await node.startInVain()

    t.is(code, 1)
    for (const words of says) t.regex(output, words)
    t.notRegex(output, /^\s+at /m, 'no stack trace for a fault that people can fix')
    t.deepEqual(dataOf(node), before)
  })
}

test.serial('a start with a different secret key names that as the cause and loses nothing', async (t) => {
  const node = await nodeProcess(t, { CLOUDFLARE_API_TOKEN: 'planted-cloudflare-token' })
  await node.start()
  await node.stop()
  const path = join(node.dataDir, 'secret.key')
  const right = readFileSync(path)
  writeFileSync(path, 'a'.repeat(43))
  const { code, output } = await node.startInVain()
  t.is(code, 1)
  t.regex(output, /SECRET_KEY: .* a different secret key/)
  t.notRegex(output, /^\s+at /m)
  writeFileSync(path, right)
  await node.start()
  const { settings } = await ask<{ settings: { cloudflareApiToken: string } }>(node, '{ settings { cloudflareApiToken } }')
  t.is(settings.cloudflareApiToken, '********oken')
})

test.serial('a secondary warns about settings for primaries and starts', async (t) => {
  const secrets = {
    CLOUDFLARE_API_TOKEN: 'planted-cloudflare-token',
    JWT_SECRET: 'planted-jwt-secret-of-32-characters',
    GITHUB_CLIENT_SECRET: 'planted-github-secret',
  }
  const ignored = {
    ...secrets,
    AUTH_ENABLED: 'true',
    CLOUDFLARE_ACCOUNT_ID: 'account',
    GITHUB_CLIENT_ID: 'client',
    GITHUB_ALLOWED_USERS: 'ada',
  }
  const node = await nodeProcess(t, { NODE_IS_PRIMARY: 'false', PRIMARY_NODE_URL: 'http://127.0.0.1:9', ...ignored })
  await node.start()
  const warnings = node.log.values.filter(({ level, setting }) => level === 'warn' && setting !== undefined)
  t.deepEqual(warnings.map(({ setting }) => setting).toSorted(), Object.keys(ignored).toSorted())
  for (const { msg } of warnings) t.regex(msg, /is ignored on a secondary/)
  for (const secret of Object.values(secrets)) t.false(node.printed.join('\n').includes(secret))
})

function inDataFolder({ dataDir }: NodeProcess, name: string, content: string): void {
  mkdirSync(dataDir, { recursive: true })
  writeFileSync(join(dataDir, name), content)
}

/** The data of a node that has run. Made once, because it takes longer than everything else here. */
async function makeData(node: NodeProcess): Promise<void> {
  if (!existsSync(template)) {
    await node.start()
    await node.stop()
    cpSync(node.dataDir, template, { recursive: true })
  }
  cpSync(template, node.dataDir, { recursive: true })
}

function inDatabase({ databasePath }: NodeProcess, statement: string): void {
  const database = new DatabaseSync(databasePath)
  database.exec(statement)
  database.close()
}

/** Every file in the data folder with its mode and content. Before the first start there is no folder. */
function dataOf({ dataDir }: NodeProcess): Record<string, string> {
  if (!existsSync(dataDir)) return {}
  const files = readdirSync(dataDir, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name)
    const content = entry.isFile() ? readFileSync(path).toString('base64') : 'a folder'
    return [path, `${(statSync(path).mode & 0o777).toString(8)} ${content}`]
  })
  return Object.fromEntries(files) as Record<string, string>
}
