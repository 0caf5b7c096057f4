import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { buildSchema, parse, validate } from 'graphql'
import { readConfig } from '../../api/config.ts'
import { eventually } from '../helpers/cluster.ts'
import { blocksOf, checkout, commandsOf, isShell, pages, type Block } from '../helpers/documented.ts'
import { startRegistryWithTestImage } from '../helpers/docker-registry.ts'
import { uniqueName } from '../helpers/docker.ts'
import { freePort } from '../helpers/free-port.ts'
import { ask } from '../helpers/graphql.ts'
import { openShell, type CommandResult, type Shell } from '../helpers/shell.ts'

/** Documented commands that cannot run here, word for word, and why. Every other one is run. */
const notRun: Record<string, string> = {
  'git clone <the repository> selfhostly': 'needs the network; each shell starts beside a checkout of that name',
  'git clone <the repository> /opt/selfhostly': 'needs the network, and writes to /opt',
  'git pull': 'needs the network',
  'npm test': 'runs this test',
  'npm test    # checks and tests; the last line is the count': 'runs this test',
  'npm test -- tests/nodes   # some tests only': 'runs tests inside a test',
  '.ci/run                   # everything that must pass before a change lands': 'runs this test',
  'npm run dev               # server with restart, dashboard with hot reload': "takes Vite's fixed port, which may be in use",
  'npm run check             # types, lint, format': 'npm test runs the same steps before this test',
  'npm run format            # fix the format': 'changes the checkout',
  'npm run lint -- --fix     # fix what eslint can fix': 'changes the checkout',
  'npm run bench             # measurements; see docs/performance.md': 'takes twenty minutes',
  'npm run bench                       # everything, about twenty minutes': 'takes twenty minutes',
  'npm run bench -- heartbeats sweep   # only these': 'takes minutes',
  'npm run bench -- graphql --short    # a smoke run; its figures mean little': 'loads every core, which makes other tests late',
  'npm run bench -- start --write      # also updates the figures on this page': 'changes docs/performance.md',
  'node --cpu-prof --cpu-prof-dir=/tmp/profiles tests/bench/run.ts heartbeats': 'takes a minute',
  'npm run mutants                     # all groups; takes half an hour on two idle cores': 'takes half an hour',
  'npm run mutants -- status grants    # only these groups': 'takes minutes',
  'npm run mutants -- --write          # also updates the table below': 'takes half an hour, and changes docs/testing.md',
  'useradd --system --home-dir /opt/selfhostly --shell /usr/sbin/nologin --groups docker selfhostly': 'changes the machine',
  'chown -R selfhostly: /opt/selfhostly': 'changes the machine',
  'systemctl daemon-reload': 'needs systemd',
  'systemctl enable --now selfhostly': 'needs systemd',
  'journalctl -u selfhostly -f': 'needs systemd',
  'docker compose -f compose.primary.yml up -d --build': 'pulls base images from Docker Hub',
  'docker compose -f compose.secondary.yml up -d --build': 'pulls base images from Docker Hub',
  "docker logs selfhostly | grep '^open'": 'needs the image',
  'docker exec selfhostly selfhostly link': 'needs the image; a test below compares its commands',
  'docker exec selfhostly selfhostly token --name backup --scope read': 'likewise',
  'docker exec selfhostly selfhostly identity': 'likewise',
  'docker exec -i selfhostly selfhostly local-user set alice < password.txt': 'likewise',
}

/** What people type after a command. */
const typed: Record<string, string> = { 'npm run local-user -- set alice': 'a password of many words\n' }

/** Commands that show a refusal; the JSON block below each has the answer. */
const refused: [start: string, status: number][] = [
  [`curl -s $P/api/apps -H "Authorization: Bearer $TOKEN" -H "$J" -d '{"name":"Web"`, 400],
]

/** Programs that stay, and the line to wait for. */
const staying: [start: RegExp, line: RegExp][] = [
  [/\bJOIN_TOKEN=\S+ npm start/, /"joined primary"/],
  [/\bnpm start\b/, /Selfhostly is ready/],
  [/\bnode watch\.mjs/, /worker-1 ONLINE/],
]

type MachineName = 'primary' | 'worker' | 'newcomer'

/** Sections of the guide whose commands belong to another machine than the primary. */
const machines: Record<string, MachineName> = {
  '3. Start a secondary': 'worker',
  '11. In containers': 'worker',
  'Changing the role': 'newcomer',
  '12. When the primary is down': 'worker',
}
const machineOf = ({ section, text }: Block): MachineName =>
  text.startsWith('NODE_IS_PRIMARY=false ') ? 'newcomer' : (machines[section] ?? 'primary')

/** The id and key of `worker-1` in every example. */
const workerId = '5588acf1-e579-415a-af39-85dd7a900f3a'
const workerKey = 'WLmtXEVoFvSHpVIOJpDpCTKgvF4v0xnoZK3Nk9NPORY'
const primaryId = randomUUID()

async function openScene(t: ExecutionContext) {
  const [registry, ...ports] = await Promise.all([startRegistryWithTestImage(t), freePort(), freePort(), freePort(), freePort()])
  const [primaryPort, workerPort, newcomerPort, appPort] = ports
  const app = uniqueName()
  let joinToken = 'none yet'

  const own = (port: number) => ({
    SERVER_ADDRESS: `127.0.0.1:${port}`,
    NODE_COMPILE_CACHE: join(checkout, '.cache/compile'),
  })
  const shells: Record<MachineName, Shell> = {
    primary: await openShell(t, 'primary', { ...own(primaryPort), NODE_ID: primaryId, PRIMARY_ID: primaryId, WORKER_KEY: workerKey }),
    worker: await openShell(t, 'worker', { ...own(workerPort), NODE_ID: workerId, NODE_API_KEY: workerKey }),
    newcomer: await openShell(t, 'newcomer', own(newcomerPort)),
  }
  const servers = new Map<MachineName, () => Promise<void>>()

  /** Everything in the examples that is another thing here. */
  const here = (text: string): string =>
    (
      [
        ['//192.168.1.10:8080', `//127.0.0.1:${primaryPort}`],
        ['//localhost:8080', `//localhost:${primaryPort}`],
        ['//192.168.1.21:8080', `//127.0.0.1:${workerPort}`],
        ['nginx:alpine', `${registry}/nginx:alpine`],
        ["'8081:80'", `'127.0.0.1:${appPort}:80'`],
        ['shlyjoin_...', joinToken],
        ['2027-01-31', `${new Date().getUTCFullYear() + 1}-01-31`],
        ['/etc/ssl/home-ca.pem', 'home-ca.pem'],
        [/\bhello\b/g, app],
        // The page says which Node they need; this machine's own may be older.
        [/\bnode (?=\w+\.mjs\b)/g, `${process.execPath} `],
      ] as [string | RegExp, string][]
    ).reduce((changed, [example, real]) => changed.replaceAll(example, real), text)

  async function stay(machine: MachineName, text: string, line: RegExp): Promise<void> {
    const isServer = /\bnpm start\b/.test(text)
    if (isServer) await servers.get(machine)?.()
    const end = await shells[machine].stay(here(text), line)
    t.pass(`${text} has printed ${String(line)}`)
    if (isServer) servers.set(machine, end)
    else await end()
  }

  /** Deploys take a moment; the next example is for after that. */
  async function operationsEnd({ answers }: CommandResult): Promise<void> {
    const ids = answers.flatMap(({ body }) => /"(?:operation_id|operation":\{"id)":"([^"]+)"/.exec(body)?.[1] ?? [])
    for (const id of ids) {
      const { output: token } = await shells.primary.run('echo "$TOKEN"')
      const server = { url: `http://127.0.0.1:${primaryPort}`, headers: { authorization: `Bearer ${token.trim()}` } }
      const query = 'query ($id: ID!) { operation(id: $id) { status error } }'
      const { operation } = await eventually(
        () => ask<{ operation: { status: string; error: string | null } | null }>(server, query, { id }),
        (answer) => !['QUEUED', 'RUNNING', undefined].includes(answer.operation?.status),
        60_000,
      )
      t.is(operation?.status, 'SUCCEEDED', operation?.error ?? '')
    }
  }

  async function run(command: Block): Promise<void> {
    const { text } = command
    const where = `${command.page}:${command.line}: ${text}`
    const machine = machineOf(command)
    const stays = staying.find(([start]) => start.test(text))
    if (stays) return stay(machine, text, stays[1])
    if (text === 'npm run reset-role') await servers.get(machine)?.()
    const result = await shells[machine].run(here(text), typed[text])
    t.is(result.code, 0, `${where}\n${result.output}`)
    const status = refused.find(([start]) => text.startsWith(start))?.[1]
    for (const answer of result.answers) {
      t.true(status ? answer.status === status : answer.status >= 200 && answer.status < 300, `${where}\n${answer.status} ${answer.body}`)
      t.notRegex(answer.body, /^\{"errors"/, where)
      joinToken = /JOIN_TOKEN=(\S+)/.exec(answer.body)?.[1] ?? joinToken
      if (status) t.deepEqual(JSON.parse(answer.body), JSON.parse(below(command, 'json')), where)
    }
    await operationsEnd(result)
    // The examples after this one use the node again.
    if (text.includes('-X DELETE $P/api/nodes/')) await run(registration(command.page))
  }

  return {
    shells,
    run,
    stay,
    writeSettings: (machine: MachineName, text: string) => writeFile(join(shells[machine].clone, '.env'), here(text)),
    writeScript: (name: string, text: string) => writeFile(join(shells.primary.clone, name), here(text)),
  }
}

/** The next block of a language. */
function below({ page, line }: Block, language: string): string {
  return blocksOf(page).find((block) => block.line > line && block.language === language)?.text ?? ''
}

function registration(page: string): Block {
  const found = allCommands.find((command) => command.page === page && command.text.includes('"api_endpoint"'))
  if (!found) throw new Error(`${page} registers no node`)
  return found
}

const allCommands = pages.flatMap((page) => blocksOf(page).filter(isShell).flatMap(commandsOf))
const workerSettings = blocksOf('docs/multi-node.md').find(
  ({ section, language }) => section === '3. Start a secondary' && language === 'dotenv',
)
const mustRun = ({ text }: Block): boolean => !(text in notRun)

for (const page of pages.filter((name) => allCommands.some((command) => command.page === name && mustRun(command)))) {
  test(`every command of ${page} works as it is written`, async (t) => {
    t.timeout(240_000)
    const scene = await openScene(t)
    for (const machine of ['worker', 'newcomer'] as const) await scene.shells[machine].run('cd selfhostly')
    await scene.writeSettings('worker', workerSettings?.text ?? '')
    const startsItself = allCommands.some((command) => command.page === page && /\bnpm start\b/.test(command.text))
    const clones = allCommands.some((command) => command.page === page && command.text === 'cd selfhostly')
    if (!clones) await scene.shells.primary.run('cd selfhostly')
    if (!startsItself)
      await Promise.all((['primary', 'worker'] as const).map((name) => scene.stay(name, 'npm start', /Selfhostly is ready/)))

    for (const block of blocksOf(page)) {
      const script = block.language === 'js' ? /^\/\/ (\S+\.mjs)$/m.exec(block.text)?.[1] : undefined
      if (script) await scene.writeScript(script, block.text)
      for (const command of isShell(block) ? commandsOf(block).filter(mustRun) : []) await scene.run(command)
    }
  })
}

test('what is listed as not run is still documented', (t) => {
  const texts = new Set(allCommands.map(({ text }) => text))
  t.deepEqual(
    Object.keys(notRun).filter((text) => !texts.has(text)),
    [],
  )
})

test('commands are in blocks of shell, where they are found', (t) => {
  const others = pages.flatMap(blocksOf).filter((block) => !isShell(block))
  const looksRun = /^\$ |^(sudo |[A-Z_]+=\S+ )*(npm|npx|node|curl|docker|git|openssl|systemctl|apt(-get)?) \S/m
  t.deepEqual(
    others.filter(({ text }) => looksRun.test(text)).map(({ page, line }) => `${page}:${line}`),
    [],
  )
  t.notRegex(readFileSync(join(checkout, '.env.example'), 'utf8'), /^# *(npm|curl|docker|openssl) \S/m)
})

test('npm run, wherever a page names it, has that script', (t) => {
  const { scripts } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
  for (const page of pages) {
    for (const [words, name = ''] of readFileSync(join(checkout, page), 'utf8').matchAll(/\bnpm run (?:--silent )?([a-z][\w:-]*)/g))
      t.true(name in scripts, `${page}: ${words}`)
  }
})

test('the image has each command that a page runs in it', (t) => {
  const script = readFileSync(join(checkout, 'docker/selfhostly'), 'utf8')
  const commands = /^  ([a-z |-]+)\)$/m.exec(script)?.[1]?.split(' | ') ?? []
  t.true(commands.length > 4)
  for (const command of commands) t.true(existsSync(join(checkout, `api/${command}-command.ts`)), command)
  for (const page of pages) {
    for (const [words, name = ''] of readFileSync(join(checkout, page), 'utf8').matchAll(/\bselfhostly(?::local)? selfhostly ([a-z-]+)/g))
      t.true(commands.includes(name), `${page}: ${words}`)
  }
})

test('settings in examples are taken as they are', (t) => {
  const blocks = pages.flatMap(blocksOf).filter(({ language }) => language === 'dotenv')
  t.true(blocks.length > 4)
  for (const { page, line, text } of blocks) t.notThrows(() => readConfig(parseEnv(text)), `${page}:${line}`)
})

test('GraphQL in examples fits the schema', (t) => {
  const schema = buildSchema(readFileSync(join(checkout, 'schema/schema.graphql'), 'utf8'))
  const blocks = pages.flatMap(blocksOf).filter(({ language }) => language === 'graphql')
  t.true(blocks.length > 1)
  for (const { page, line, text } of blocks) t.deepEqual(validate(schema, parse(text)), [], `${page}:${line}`)
})

test('JSON in examples is JSON', (t) => {
  const blocks = pages.flatMap(blocksOf).filter(({ language }) => language === 'json')
  t.true(blocks.length > 1)
  for (const { page, line, text } of blocks) t.notThrows(() => JSON.parse(text), `${page}:${line}`)
})
