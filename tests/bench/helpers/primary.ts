import { spawn } from 'node:child_process'
import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import { freePort } from '../../helpers/free-port.ts'
import type { BenchContext } from '../bench.ts'
import { heartbeatOf, type ReachableNode } from './nodes.ts'
import type { ProbeApi } from './probe.ts'
import type { TimedPrimaryApi } from './timed-primary.ts'
import { endChild, startWorker } from './worker.ts'

export const root = fileURLToPath(new URL('../../..', import.meta.url))
export const program = new URL('../../../dist/main.js', import.meta.url)

export const primaryId = '00000000-0000-4000-8000-00000000ffff'
const startDeadlineMs = 30_000

/**
 * Settings of a primary in a folder. It has no Docker, so that other containers on this machine do not affect the figures.
 * From the caller's environment, only what a process needs. Nobody signs in, because answers are measured, not sign-in.
 */
export const primaryEnvironment = (folder: string, port: number): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  HOME: process.env['HOME'],
  SERVER_ADDRESS: `127.0.0.1:${port}`,
  DATABASE_PATH: join(folder, 'data', 'selfhostly.db'),
  APPS_DIR: join(folder, 'apps'),
  NODE_ID: primaryId,
  NODE_NAME: 'primary',
  NODE_API_KEY: 'key-of-the-primary',
  AUTH_ENABLED: 'false',
  DOCKER_HOST: `unix://${join(folder, 'no-docker.sock')}`,
})

/** The whole primary with a manual clock. See timed-primary.ts. */
export const startTimedPrimary = async (context: BenchContext, folder: string) =>
  context.own(
    startWorker<TimedPrimaryApi>(new URL('./timed-primary.ts', import.meta.url), {
      cwd: folder,
      env: primaryEnvironment(folder, await freePort()),
      logFile: join(folder, 'log.jsonl'),
    }),
  )

/** A folder of a primary that knows these nodes. Written straight to its database, because over HTTP a user can register only two a second. */
export async function folderWith(context: BenchContext, nodes: ReachableNode[]): Promise<string> {
  const folder = context.folder()
  const primary = await startTimedPrimary(context, folder)
  await primary.ask('register', nodes)
  await primary.end()
  return folder
}

/** Sends a heartbeat from every node, so that all are online. */
export async function sendHeartbeats(origin: string, nodes: ReachableNode[]): Promise<void> {
  for (const node of nodes) {
    const { path, ...options } = heartbeatOf(node)
    const { statusCode, body } = await request(origin + path, options)
    if (statusCode !== 200) throw new Error(`The heartbeat of ${node.name} was refused: ${statusCode} ${await body.text()}`)
    await body.dump()
  }
}

/** `node dist/main.js`, which is what `npm start` runs, in a separate process with this process's Node options, started and healthy. Its log is in the folder. */
export async function startPrimary(context: BenchContext, folder = context.folder(), givenPort?: number) {
  const port = givenPort ?? (await freePort())
  const origin = `http://127.0.0.1:${port}`
  const logFile = join(folder, 'log.jsonl')
  const output = openSync(logFile, 'a')
  const child = spawn(process.execPath, [...process.execArgv, fileURLToPath(program)], {
    cwd: folder,
    env: primaryEnvironment(folder, port),
    stdio: ['ignore', output, output],
  })
  const { pid, end } = context.own({ pid: child.pid ?? 0, end: () => endChild(child) })
  await healthy(origin, () => (child.exitCode === null ? null : readFileSync(logFile, 'utf8')))
  return { origin, pid, end }
}

/** The same with the probe loaded. Query it with `ask`. */
export async function startProbedPrimary(context: BenchContext, folder = context.folder()) {
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const worker = context.own(
    startWorker<ProbeApi>(program, {
      cwd: folder,
      env: primaryEnvironment(folder, port),
      execArgv: ['--import', new URL('./probe.ts', import.meta.url).href],
      logFile: join(folder, 'log.jsonl'),
    }),
  )
  await healthy(origin, () => null)
  return { origin, ...worker }
}

/** Polls every 3 ms until /api/health answers 200. @param ended why the process exited, null while it runs */
export async function healthy(origin: string, ended: () => string | null): Promise<void> {
  const deadline = performance.now() + startDeadlineMs
  for (;;) {
    const status = await request(`${origin}/api/health`).then(
      async ({ statusCode, body }) => {
        await body.dump()
        return statusCode
      },
      () => 0,
    )
    if (status === 200) return
    const why = ended()
    if (why !== null) throw new Error(`The primary did not start: ${why}`)
    if (performance.now() > deadline) throw new Error(`The primary was not healthy within ${startDeadlineMs / 1000} s`)
    await sleep(3)
  }
}
