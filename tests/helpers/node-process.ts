import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { linkBeside, sendsCredentials, tokenBeside, type Credentials } from './credentials.ts'
import { removeProject } from './docker.ts'
import { freePort } from './free-port.ts'
import { here, type Place } from './network.ts'
import { createSeen, type Wait } from './seen.ts'
import type { TestContext } from './test-context.ts'

export interface LogLine {
  level: string
  time: string
  msg: string
  [fact: string]: unknown
}

export interface Identity {
  id: string
  name: string
  role: string
  key: string
}

export type Settings = Record<string, string>
/** Settings, or a function that makes them from the node's URL and port. */
export type SettingsSource = Settings | ((url: string, port: number) => Promise<Settings>)
export type NodeProcess = Awaited<ReturnType<typeof nodeProcess>>

/** `npm test` runs the server's bundle, as users do. A test file run by itself runs the sources. */
const program = process.env['SERVER_BUNDLE'] ?? fileURLToPath(new URL('../../api/main.ts', import.meta.url))
const commandFile = (name: string): string => fileURLToPath(new URL(`../../api/commands/${name}-command.ts`, import.meta.url))
const compileCache = fileURLToPath(new URL('../../.cache/compile', import.meta.url))
/** How long a node may take to exit. The program promises 10 s. */
const endDeadlineMs = 12_000
/** Half of a start is compiling, which is slow on a busy machine. */
const startDeadlineMs = 60_000

/**
 * The server with its own folder and port, not started yet. Data survives `kill` and `stop`, so `start` is a
 * restart. After the test the process, its Compose projects and its folder are removed. If the test failed, the log is shown.
 */
export async function nodeProcess(t: TestContext, source: SettingsSource = {}, place: Place = here) {
  const folder = await mkdtemp(join(tmpdir(), 'selfhostly-node-'))
  const port = await freePort()
  const url = await place.doorTo(port)
  const settings = typeof source === 'function' ? await source(url, port) : source
  const appsDir = settings['APPS_DIR'] ?? join(folder, 'apps')
  const databasePath = settings['DATABASE_PATH'] ?? join(folder, 'data', 'selfhostly.db')
  const dataDir = dirname(databasePath)
  const log = createSeen<LogLine>(settings['NODE_NAME'] ?? 'node')
  const printed: string[] = []
  const headers: Credentials = {}
  let child: ChildProcess | undefined

  // From the tester's environment, only what is needed to find programs and Docker.
  const { PATH, HOME, DOCKER_HOST, DOCKER_CONFIG } = process.env
  const machine = Object.fromEntries(Object.entries({ PATH, HOME, DOCKER_HOST, DOCKER_CONFIG }).filter(([, value]) => value !== undefined))
  // Half of a start is compiling. With the cache, only the first process of a test run does that.
  const own = { NODE_COMPILE_CACHE: compileCache, SERVER_ADDRESS: `${place.listenHost}:${port}`, DATABASE_PATH: databasePath }
  let env: Settings = { ...machine, ...own, ...settings }

  /** Does what `npm run name -- ...words` does on this node. */
  async function command(name: string, words: string[] = [], input = ''): Promise<{ code: number; stdout: string; stderr: string }> {
    const running = promisify(execFile)(process.execPath, [commandFile(name), ...words], { cwd: folder, env })
    running.child.stdin?.end(input)
    return running.then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
    )
  }

  function launch(): ChildProcess {
    const [command = '', ...options] = [...place.command, process.execPath, program]
    const started = spawn(command, options, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
    child = started
    createInterface({ input: started.stdout }).on('line', (line) => {
      printed.push(line)
      if (line.startsWith('{')) log.push(JSON.parse(line) as LogLine)
    })
    createInterface({ input: started.stderr }).on('line', (line) => printed.push(line))
    return started
  }

  /** Resolves when the process has exited and all its output has been read. */
  async function end(signal: NodeJS.Signals): Promise<{ code: number | null; durationMs: number }> {
    const ending = child
    child = undefined
    if (!ending) return { code: null, durationMs: 0 }
    if (ending.exitCode !== null || ending.signalCode !== null) return { code: ending.exitCode, durationMs: 0 }
    const began = performance.now()
    const closed = once(ending, 'close')
    ending.kill(signal)
    // A suspended process ignores signals.
    ending.kill('SIGCONT')
    const late = setTimeout(() => ending.kill('SIGKILL'), endDeadlineMs)
    await closed
    clearTimeout(late)
    return { code: ending.exitCode, durationMs: performance.now() - began }
  }

  t.teardown(async () => {
    await end('SIGTERM')
    if (!t.passed) console.log(`--- ${log.name} printed:\n${printed.join('\n')}\n---`)
    for (const app of namesIn(appsDir)) await removeProject(app)
    await rm(folder, { recursive: true, force: true })
  })

  return {
    url,
    /** Default credentials of `ask` and `follow`: an administrator's token, once the node was started. */
    headers,
    port,
    appsDir,
    dataDir,
    databasePath,
    log,
    /** All output since its first start, both streams, by line. */
    printed,

    /** Starts it and waits until it is ready. */
    async start(): Promise<void> {
      const from = log.values.length
      const started = launch()
      const died = once(started, 'close').then(() => {
        throw new Error(`${log.name} exited at the start with code ${started.exitCode}: ${printed.join('\n')}`)
      })
      await Promise.race([log.first((line) => line.msg.startsWith('Selfhostly is ready'), { from, withinMs: startDeadlineMs }), died])
      died.catch(() => undefined)
      if (sendsCredentials(settings) && !headers['authorization']) Object.assign(headers, await tokenBeside(databasePath))
    },

    /** Creates a sign-in link outside of the node's process. @returns its code, or null where people do not sign in by link */
    link: async (): Promise<string | null> => (sendsCredentials(settings) ? linkBeside(databasePath) : null),

    /** For starts that must fail, also while it runs: returns the output and exit code. */
    async startInVain(): Promise<{ code: number | null; output: string }> {
      const [from, running] = [printed.length, child]
      const started = launch()
      child = running ?? started
      const late = setTimeout(() => started.kill('SIGKILL'), startDeadlineMs)
      await once(started, 'close')
      clearTimeout(late)
      return { code: started.exitCode, output: printed.slice(from).join('\n') }
    },

    /** Kills it without warning, like a power cut. */
    kill: () => end('SIGKILL'),

    /** Stops it like a service manager. `code` is null if it had to be killed. */
    stop: () => end('SIGTERM'),

    /** Suspends it like a closed lid: it neither runs nor exits, and its connections stay open. */
    sleep: () => void child?.kill('SIGSTOP'),

    wake: () => void child?.kill('SIGCONT'),

    /** Id of the running process, or 0. */
    pid: (): number => child?.pid ?? 0,

    logged: (message: string, wait?: Wait): Promise<LogLine> => log.first((line) => line.msg === message, wait),

    command,

    /** Settings for the next start, besides port and folder. */
    setUp(next: Settings): void {
      env = { ...machine, ...own, ...next }
    },

    /** The links it printed, oldest first. */
    links: () => linksIn(printed.join('\n')),

    /** Does what `npm run secrets:rotate` does on this node. */
    rotateSecrets: (): Promise<string> => done(command('rotate-secrets')),

    /** The output of `npm run identity` on this node. */
    async identity(): Promise<Identity> {
      const stdout = await done(command('identity'))
      return Object.fromEntries(
        stdout
          .trim()
          .split('\n')
          .map((line) => line.split(/:\s+/)),
      ) as Identity
    },
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** A command's output. @throws its error message */
async function done(running: Promise<{ code: number; stdout: string; stderr: string }>): Promise<string> {
  const { code, stdout, stderr } = await running
  if (code !== 0) throw new Error(stderr)
  return stdout
}

/** The link printed by a start and by `npm run link`. */
export const linksIn = (text: string): { url: string; code: string }[] =>
  [...text.matchAll(/^open (\S+)\/#code=([\w-]+)$/gm)].map(([, url = '', code = '']) => ({ url, code }))
