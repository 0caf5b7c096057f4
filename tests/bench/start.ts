import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { median, type BenchContext, type Figure } from './bench.ts'
import { freePort, healthy, primaryEnvironment, program, root } from './helpers/primary.ts'
import { endChild } from './helpers/worker.ts'

const bareServer = fileURLToPath(new URL('./helpers/bare-start.ts', import.meta.url))

/** From the spawn of a command until /api/health answers 200. */
export async function start(context: BenchContext): Promise<Figure[]> {
  const rounds = context.short ? 1 : 7
  const times: Record<'first' | 'second' | 'npm' | 'bare', number[]> = { first: [], second: [], npm: [], bare: [] }
  const main = fileURLToPath(program)
  // The first one fills the cache of the disk, and makes what `npm start` finds made from then on.
  for (let round = -1; round < rounds; round += 1) {
    const folder = context.folder()
    const measured = {
      bare: await timeToHealthy(context, folder, process.execPath, [bareServer]),
      first: await timeToHealthy(context, folder, process.execPath, [main]),
      second: await timeToHealthy(context, folder, process.execPath, [main]),
      npm: await timeToHealthy(context, folder, 'npm', ['start'], root),
    }
    if (round >= 0) for (const key of ['bare', 'first', 'second', 'npm'] as const) times[key].push(measured[key])
  }
  const figure = (name: string, key: keyof typeof times): Figure => ({
    name,
    value: median(times[key]),
    unit: 'ms',
    note: `median of ${rounds}; slowest ${Math.max(...times[key]).toFixed(0)} ms`,
  })
  return [
    figure('a bare node:http server', 'bare'),
    figure('first start, empty folder', 'first'),
    figure('second start', 'second'),
    figure('second start by npm start', 'npm'),
    { name: 'second start / bare node:http server', value: median(times.second) / median(times.bare), unit: 'x' },
  ]
}

async function timeToHealthy(context: BenchContext, folder: string, command: string, options: string[], cwd = folder): Promise<number> {
  const port = await freePort()
  const output = openSync(join(folder, 'log.jsonl'), 'a')
  const started = performance.now()
  const child = spawn(command, options, { cwd, env: primaryEnvironment(folder, port), stdio: ['ignore', output, output] })
  const { end } = context.own({ end: () => endChild(child) })
  await healthy(`http://127.0.0.1:${port}`, () => (child.exitCode === null ? null : `it ended with ${child.exitCode}`))
  const ms = performance.now() - started
  await end()
  return ms
}
