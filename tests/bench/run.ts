import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { appsPage } from './apps-page.ts'
import type { Bench, BenchContext } from './bench.ts'
import { deploys } from './deploys.ts'
import { detection } from './detection.ts'
import { docker } from './docker.ts'
import { fanout } from './fanout.ts'
import { fuzz } from './fuzz.ts'
import { graphql } from './graphql.ts'
import { heartbeats } from './heartbeats.ts'
import { history } from './history.ts'
import { logs } from './logs.ts'
import { isolation } from './isolation.ts'
import { kills } from './kills.ts'
import { memory } from './memory.ts'
import { soak } from './soak.ts'
import { reconnect } from './reconnect.ts'
import { start } from './start.ts'
import { sweep } from './sweep.ts'
import { terminal } from './terminal.ts'
import { toTable, writeFigures } from './report.ts'
import { validation } from './validation.ts'

const benches: Record<string, Bench> = {
  heartbeats,
  graphql,
  'apps-page': appsPage,
  sweep,
  fanout,
  start,
  memory,
  docker,
  fuzz,
  validation,
  deploys,
  history,
  isolation,
  logs,
  reconnect,
  detection,
  soak,
  kills,
  terminal,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } },
})
const unknown = positionals.filter((name) => !(name in benches))
if (unknown.length > 0) {
  console.error(`There is no bench named ${unknown.join(', ')}. There are: ${Object.keys(benches).join(', ')}`)
  process.exit(1)
}

const endings: (() => Promise<void>)[] = []

async function endAll(): Promise<void> {
  for (const end of endings.splice(0).reverse()) await end()
}

const context: BenchContext = {
  short: values.short,
  folder() {
    const folder = mkdtempSync(join(tmpdir(), 'selfhostly-bench-'))
    endings.push(() => Promise.resolve(rmSync(folder, { recursive: true, force: true })))
    return folder
  },
  own(thing) {
    endings.push(() => thing.end())
    return thing
  },
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void endAll().then(() => process.exit(1)))

console.log(`${availableParallelism()} cores, Node ${process.version}, load ${(loadavg()[0] ?? 0).toFixed(1)} before the run\n`)
for (const name of positionals.length > 0 ? positionals : Object.keys(benches)) {
  const bench = benches[name]
  if (!bench) continue
  const started = performance.now()
  try {
    const figures = await bench(context)
    console.log(`${name} (${((performance.now() - started) / 1000).toFixed(0)} s)\n${toTable(figures)}\n`)
    if (values.write) writeFigures(name, figures)
  } catch (error) {
    process.exitCode = 1
    console.error(`${name} failed:`, error)
  } finally {
    await endAll()
  }
}
