// `npm run mutants`: plants faults in the pure rules and guards, one at a time, and counts how many the nearest tests notice.
//   npm run mutants -- status grants   only these groups
//   npm run mutants -- --write         also updates the table in docs/testing.md
// Its packages are installed separately (scripts/mutants/), because nothing else needs them.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { endAll, endAllOnSignals, run } from './processes.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'scripts', 'mutants')
const cache = join(root, '.cache', 'mutants')
/** The goal for each group, in percent. */
const GOAL = 95
/** For all groups together. A group that has not started by then is reported as not run. */
const BUDGET_MS = 45 * 60_000

/** Rules and guards without side effects, each with the tests that should notice when it is wrong. */
const groups = {
  status: {
    mutate: ['node-status', 'check-times', 'health-policy'].map((name) => `api/cluster/members/${name}.ts`),
    tests: ['tests/cluster/members/node-status*.test.ts', 'tests/cluster/members/check-times.test.ts'],
  },
  uptime: { mutate: ['api/cluster/health/uptime-share.ts'], tests: ['tests/cluster/health/uptime*.test.ts'] },
  vanish: { mutate: ['api/cluster/health/network-suspicion-rule.ts'], tests: ['tests/cluster/health/network-suspicion-rule.test.ts'] },
  holds: { mutate: ['api/cluster/members/hold-rules.ts'], tests: ['tests/cluster/members/holds.test.ts'] },
  grants: { mutate: ['api/auth/grants.ts'], tests: ['tests/auth/grants.test.ts'] },
  permissions: { mutate: ['api/auth/permissions.ts', 'api/auth/caller.ts'], tests: ['tests/auth/permissions.test.ts'] },
  credentials: { mutate: ['api/auth/node-credentials.ts'], tests: ['tests/auth/node-credentials.test.ts'] },
  limits: {
    mutate: ['api/auth/rate-limits.ts', 'api/cluster/limits/token-bucket.ts', 'api/cluster/limits/bounded-json.ts'],
    tests: ['tests/auth/rate-limits.test.ts', 'tests/cluster/limits/token-bucket.test.ts', 'tests/cluster/limits/bounded-json.test.ts'],
  },
  paths: {
    mutate: ['api/http/plain-path.ts', 'api/cluster/transport/endpoint-guard.ts'],
    tests: ['tests/http/plain-path.test.ts', 'tests/cluster/transport/endpoint-guard.test.ts'],
  },
  apps: { mutate: ['api/apps/app-status.ts'], tests: ['tests/apps/app-status.test.ts'] },
  compose: { mutate: ['api/apps/compose-file.ts'], tests: ['tests/apps/compose-file.test.ts'] },
}

endAllOnSignals()
const options = process.argv.slice(2)
const chosen = options.filter((option) => !option.startsWith('--'))
const unknown = chosen.filter((name) => !(name in groups))
if (unknown.length > 0) {
  console.error(`There is no group ${unknown.join(', ')}. The groups are ${Object.keys(groups).join(', ')}`)
  process.exit(1)
}
const began = performance.now()
await install()
const results = []
for (const name of chosen.length > 0 ? chosen : Object.keys(groups)) {
  if (performance.now() - began > BUDGET_MS) results.push({ name, late: true })
  else results.push(await mutate(name))
}
console.log(`\n${tableOf(results.map(rowOf))}\n\n${Math.round((performance.now() - began) / 1000)} s`)
if (options.includes('--write')) writeTable(results)
await endAll()
process.exitCode = results.every((result) => !result.late && result.share >= GOAL) ? 0 : 1

async function install() {
  const { code, output } = await run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: folder, timeoutMs: 600_000 })
  if (code !== 0) throw new Error(`The packages of scripts/mutants cannot be installed:\n${output}`)
}

async function mutate(name) {
  const { mutate: files, tests } = groups[name]
  const report = join(cache, `${name}.json`)
  const config = join(cache, `${name}.config.json`)
  mkdirSync(cache, { recursive: true })
  rmSync(report, { force: true })
  writeFileSync(config, JSON.stringify(settings(files, tests, report)))
  console.log(`\n== ${name}: ${files.join(', ')}`)
  const { output } = await run(join(folder, 'node_modules', '.bin', 'stryker'), ['run', config], { cwd: root, timeoutMs: BUDGET_MS })
  let found
  try {
    found = JSON.parse(readFileSync(report, 'utf8'))
  } catch {
    throw new Error(`The mutants of ${name} could not be run:\n${output.slice(-4000)}`)
  }
  return count(name, found)
}

function settings(mutate, tests, report) {
  return {
    mutate,
    testRunner: 'command',
    commandRunner: { command: `node_modules/.bin/ava ${tests.join(' ')}` },
    coverageAnalysis: 'off',
    concurrency: 2,
    // A mutant that loops forever costs at most this.
    timeoutMS: 20_000,
    timeoutFactor: 3,
    // Message texts are left alone: the tests that read whole sentences cover them.
    mutator: { excludedMutations: ['StringLiteral'] },
    disableTypeChecks: false,
    reporters: ['json'],
    jsonReporter: { fileName: report },
    tempDirName: join(cache, 'sandbox'),
    ignorePatterns: [
      '/*',
      '!/api',
      '!/schema',
      '!/tests',
      '!/docs',
      '!/frontend',
      '/frontend/node_modules',
      '!/package.json',
      '!/tsconfig.json',
      '!/.env.example',
    ],
    allowConsoleColors: false,
  }
}

function count(name, { files }) {
  const mutants = Object.entries(files).flatMap(([file, { mutants: all }]) => all.map((mutant) => ({ file, ...mutant })))
  const killed = mutants.filter(({ status }) => status === 'Killed' || status === 'Timeout').length
  const survived = mutants.filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
  for (const { file, location, mutatorName, replacement } of survived)
    console.log(`  survived: ${file}:${location.start.line}:${location.start.column} ${mutatorName} -> ${replacement}`)
  const all = killed + survived.length
  return { name, killed, all, share: all === 0 ? 100 : (killed / all) * 100 }
}

function rowOf({ name, killed, all, share, late }) {
  return late ? `| ${name} | - | - | not run: out of time |` : `| ${name} | ${all} | ${killed} | ${share.toFixed(0)} % |`
}

function tableOf(rows) {
  return ['| group | faults planted | noticed | share |', '| --- | ---: | ---: | ---: |', ...rows].join('\n')
}

/** Groups that did not run keep their rows. */
function writeTable(results) {
  const page = join(root, 'docs', 'testing.md')
  const text = readFileSync(page, 'utf8')
  const found = /(?<=<!-- mutants -->\n)[^]*?(?=<!-- end -->)/
  const before = (text.match(found)?.[0] ?? '').split('\n')
  const former = (name) => before.find((row) => row.startsWith(`| ${name} `))
  const rows = Object.keys(groups).flatMap((name) => {
    const result = results.find((each) => each.name === name && !each.late)
    return (result ? rowOf(result) : former(name)) ?? []
  })
  writeFileSync(page, text.replace(found, `\n${tableOf(rows)}\n\n`))
}
