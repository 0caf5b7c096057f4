import test, { type ExecutionContext } from 'ava'
import { openMachines, type DocumentedMachines, type MachineName } from '../helpers/documented-machines.ts'
import { blocksOf, commandsOf, isShell, pages, type Block } from '../helpers/documented.ts'

/** They need the published image, and write to /srv and /usr. */
const inImage = 'tests/install/image.test.ts runs it with an image and folders of its own'

/** Documented commands that cannot run here, word for word, and why. All others run. */
const notRun: Record<string, string> = {
  'git clone <the repository> selfhostly': 'needs the network; each shell starts beside a checkout of that name',
  'git clone <the repository> /opt/selfhostly': 'needs the network, and writes to /opt',
  'git pull': 'needs the network',
  'npm test': 'runs this test',
  'npm test    # checks and tests; the last line is the count': 'runs this test',
  'npm test -- tests/settings   # some tests only': 'runs tests inside a test',
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
  'npm run screenshots       # the pictures of README and docs; see docs/testing.md': 'takes minutes, and changes docs/images',
  'npm run screenshots                 # takes the pictures in docs/images again; a few minutes': 'takes minutes, and changes docs/images',
  'npm run mutants                     # all groups; takes half an hour on two idle cores': 'takes half an hour',
  'npm run mutants -- status grants    # only these groups': 'takes minutes',
  'npm run mutants -- --write          # also updates the table below': 'takes half an hour, and changes docs/testing.md',
  'useradd --system --home-dir /opt/selfhostly --shell /usr/sbin/nologin --groups docker selfhostly': 'changes the machine',
  'chown -R selfhostly: /opt/selfhostly': 'changes the machine',
  'systemctl daemon-reload': 'needs systemd',
  'systemctl enable --now selfhostly': 'needs systemd',
  'journalctl -u selfhostly -f': 'needs systemd',
  'docker run --rm registry.example.com/selfhostly:1 selfhostly install-script > install.sh': inImage,
  'less install.sh': 'is for reading',
  'sudo sh install.sh': inImage,
  'docker run --rm registry.example.com/selfhostly:1 selfhostly install-script | sudo sh -s -- --primary http://192.168.1.10:8080 --join-token shlyjoin_...':
    inImage,
  'docker run --rm registry.example.com/selfhostly:2 selfhostly install-script | sudo sh': inImage,
  'sudo sh install.sh --uninstall': inImage,
  'selfhostly link': inImage,
  'selfhostly token --name backup --scope read': inImage,
  'selfhostly doctor': inImage,
  'selfhostly backup': inImage,
  'selfhostly reset-role': inImage,
  'SELFHOSTLY_IMAGE=registry.example.com/selfhostly:1 docker compose -f compose.primary.yml up -d': inImage,
  'docker exec selfhostly selfhostly link': inImage,
  'npm run image                                                # builds selfhostly:local': inImage,
  'npm run image -- registry.example.com/selfhostly:1 --push    # builds and publishes it under this name': inImage,
  [`curl -s -X POST "$P/api/compose-projects/preview?node_id=$NODE" -H "Authorization: Bearer $TOKEN" -H "$J" -d '{"project":"shop"}' | jq`]:
    'needs a project that runs there; tests/apps/import/app-import.test.ts imports one',
  [`curl -s -X POST "$P/api/compose-projects/import?node_id=$NODE" -H "Authorization: Bearer $TOKEN" -H "$J" -d '{"project":"shop","confirm_folder":"/srv/shop"}' | jq`]:
    'needs a project that runs there; tests/apps/import/app-import.test.ts imports one',
  'npm run compose -- shop ps': 'needs an app of that name; tests/faults/compose-command.test.ts runs it',
}

/** Commands that show a refusal. The JSON block below each is the answer. */
const refused: [start: string, status: number][] = [
  [`curl -s $P/api/apps -H "Authorization: Bearer $TOKEN" -H "$J" -d '{"name":"Web"`, 400],
]

/** Programs that keep running, and the line to wait for. */
const staying: [start: RegExp, line: RegExp][] = [
  [/\bJOIN_TOKEN=\S+ npm start/, /"joined primary"/],
  [/\bnpm start\b/, /Selfhostly is ready/],
  [/\bnode watch\.mjs/, /worker-1 ONLINE/],
]

/** Sections of the guide whose commands do not run on the primary. */
const machines: Record<string, MachineName> = {
  '3. Start a secondary': 'worker',
  'Changing the role': 'newcomer',
  '12. When the primary is down': 'worker',
}
const machineOf = ({ section, text }: Block): MachineName =>
  text.startsWith('NODE_IS_PRIMARY=false ') ? 'newcomer' : (machines[section] ?? 'primary')

/** Runs one command on its machine, and checks its exit code and what curl got. @returns its output; empty if it keeps running */
async function run(t: ExecutionContext, scene: DocumentedMachines, command: Block): Promise<string> {
  const { page, line, text } = command
  const where = `${page}:${line}: ${text}`
  const machine = machineOf(command)
  const stays = staying.find(([start]) => start.test(text))
  if (stays) {
    await scene.stay(machine, text, stays[1])
    t.pass(`${where} has printed ${String(stays[1])}`)
    return ''
  }
  if (text === 'npm run reset-role') await scene.stopServer(machine)
  const result = await scene.run(machine, text)
  t.is(result.code, 0, `${where}\n${result.output}`)
  const status = refused.find(([start]) => text.startsWith(start))?.[1]
  for (const answer of result.answers) {
    t.true(status ? answer.status === status : answer.status >= 200 && answer.status < 300, `${where}\n${answer.status} ${answer.body}`)
    t.notRegex(answer.body, /^\{"errors"/, where)
    if (status) t.deepEqual(JSON.parse(answer.body), JSON.parse(below(command, 'json')), where)
  }
  for (const { status: ended, error } of await scene.operationsOf(result)) t.is(ended, 'SUCCEEDED', `${where}\n${error}`)
  // Later examples use the node again.
  if (text.includes('-X DELETE $P/api/nodes/')) await run(t, scene, registration(page))
  return result.output
}

/** The lines that the page shows as a block's output, right below it. Not those with times or "...". */
function outputBelow({ page, line, text }: Block): string[] {
  const first = line + text.split('\n').length + 2
  const shown = blocksOf(page).find((block) => block.line === first && block.language === '')?.text ?? ''
  return shown.split('\n').filter((one) => !/^$|\.\.\.|^\d{4}-|^Password:/.test(one))
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
  test(`every command of ${page} works as written`, async (t) => {
    t.timeout(240_000)
    const scene = await openMachines(t)
    for (const machine of ['worker', 'newcomer'] as const) await scene.run(machine, 'cd selfhostly')
    await scene.writeSettings('worker', workerSettings?.text ?? '')
    const startsItself = allCommands.some((command) => command.page === page && /\bnpm start\b/.test(command.text))
    const clones = allCommands.some((command) => command.page === page && command.text === 'cd selfhostly')
    if (!clones) await scene.run('primary', 'cd selfhostly')
    if (!startsItself)
      await Promise.all((['primary', 'worker'] as const).map((name) => scene.stay(name, 'npm start', /Selfhostly is ready/)))

    for (const block of blocksOf(page)) {
      const script = block.language === 'js' ? /^\/\/ (\S+\.mjs)$/m.exec(block.text)?.[1] : undefined
      if (script) await scene.writeScript(script, block.text)
      if (!isShell(block)) continue
      const printed: string[] = []
      for (const command of commandsOf(block).filter(mustRun)) printed.push(await run(t, scene, command))
      if (printed.some(Boolean)) for (const line of outputBelow(block)) t.true(printed.join('\n').includes(line), line)
    }
  })
}

test('every command listed as not run is still documented', (t) => {
  const texts = new Set(allCommands.map(({ text }) => text))
  t.deepEqual(
    Object.keys(notRun).filter((text) => !texts.has(text)),
    [],
  )
})
