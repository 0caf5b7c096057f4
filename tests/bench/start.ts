import { execFile, spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { freePort } from '../helpers/free-port.ts'
import { median, type BenchContext, type Figure } from './bench.ts'
import { healthy, primaryEnvironment, program, root } from './helpers/primary.ts'
import { cpuMsOf } from './helpers/process-figures.ts'
import { endChild } from './helpers/worker.ts'

const bareServer = fileURLToPath(new URL('./helpers/bare-start.ts', import.meta.url))

interface Times {
  ms: number
  /** CPU time of the spawned process until it was healthy. */
  cpuMs: number
}

const ways = ['bare', 'first', 'second', 'npm'] as const

/** The time from spawning a command until /api/health answers 200. */
export async function start(context: BenchContext): Promise<Figure[]> {
  const rounds = context.short ? 1 : 7
  const times: Record<(typeof ways)[number], Times[]> = { bare: [], first: [], second: [], npm: [] }
  const main = fileURLToPath(program)
  // `npm start` prepares packages and dashboard once, so they are not part of a second start.
  await promisify(execFile)(process.execPath, [join(root, 'scripts', 'setup.mjs')])
  // The first round fills the disk cache and the compile cache. It does not count.
  for (let round = -1; round < rounds; round += 1) {
    const folder = context.folder()
    const measured = {
      bare: await timeToHealthy(context, folder, process.execPath, [bareServer]),
      first: await timeToHealthy(context, folder, process.execPath, [main]),
      second: await timeToHealthy(context, folder, process.execPath, [main]),
      npm: await timeToHealthy(context, folder, 'npm', ['start'], root),
    }
    if (round >= 0) for (const way of ways) times[way].push(measured[way])
  }
  const wall = (way: (typeof ways)[number]): number => median(times[way].map(({ ms }) => ms))
  const figure = (name: string, way: (typeof ways)[number]): Figure => {
    const all = times[way].map(({ ms }) => ms)
    return {
      name,
      value: wall(way),
      unit: 'ms',
      note: `median of ${rounds}; ${Math.min(...all).toFixed(0)} to ${Math.max(...all).toFixed(0)} ms`,
    }
  }
  return [
    figure('a bare node:http server', 'bare'),
    figure('first start, empty folder', 'first'),
    figure('second start', 'second'),
    figure('second start with npm start', 'npm'),
    { name: 'second start / bare node:http server', value: wall('second') / wall('bare'), unit: 'x' },
    { name: 'second start: CPU time', value: median(times.second.map(({ cpuMs }) => cpuMs)), unit: 'ms', note: 'until healthy' },
  ]
}

async function timeToHealthy(context: BenchContext, folder: string, command: string, options: string[], cwd = folder): Promise<Times> {
  const port = await freePort()
  const output = openSync(join(folder, 'log.jsonl'), 'a')
  const started = performance.now()
  const child = spawn(command, options, { cwd, env: primaryEnvironment(folder, port), stdio: ['ignore', output, output] })
  const { end } = context.own({ end: () => endChild(child) })
  await healthy(`http://127.0.0.1:${port}`, () => (child.exitCode === null ? null : `it exited with ${child.exitCode}`))
  const times = { ms: performance.now() - started, cpuMs: cpuMsOf(child.pid ?? 0) }
  await end()
  return times
}
