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
/** Settings, or how they are made for the URL and the port that the node will have. */
export type SettingsSource = Settings | ((url: string, port: number) => Promise<Settings>)
export type NodeProcess = Awaited<ReturnType<typeof nodeProcess>>

const program = fileURLToPath(new URL('../../api/main.ts', import.meta.url))
const commandFile = (name: string): string => fileURLToPath(new URL(`../../api/${name}-command.ts`, import.meta.url))
const compileCache = fileURLToPath(new URL('../../.cache/compile', import.meta.url))
/** How long a node may take to end; the contract of the program is 10 s. */
const endDeadlineMs = 12_000
/** Half of a start is compiling, which takes its time on a busy machine. */
const startDeadlineMs = 60_000

/**
 * `node api/main.ts` with a folder and a port of its own, not started yet. Data survive `kill` and `stop`, so `start` is a
 * restart. After the test the process has ended, its Compose projects and its folder are gone; of a test that failed the logs are shown.
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

  // Nothing of the environment of whoever tests, but what finds programs and Docker.
  const { PATH, HOME, DOCKER_HOST, DOCKER_CONFIG } = process.env
  const machine = Object.fromEntries(Object.entries({ PATH, HOME, DOCKER_HOST, DOCKER_CONFIG }).filter(([, value]) => value !== undefined))
  // Half of a start is compiling; the second process of a test run finds that done.
  const own = { NODE_COMPILE_CACHE: compileCache, SERVER_ADDRESS: `${place.listenHost}:${port}`, DATABASE_PATH: databasePath }
  let env: Settings = { ...machine, ...own, ...settings }

  /** What `npm run name -- ...words` does on this node. */
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

  /** Resolves when the process has ended and everything that it printed was read. */
  async function end(signal: NodeJS.Signals): Promise<{ code: number | null; durationMs: number }> {
    const ending = child
    child = undefined
    if (!ending) return { code: null, durationMs: 0 }
    if (ending.exitCode !== null || ending.signalCode !== null) return { code: ending.exitCode, durationMs: 0 }
    const began = performance.now()
    const closed = once(ending, 'close')
    ending.kill(signal)
    // One that was put to sleep heeds no signal.
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
    /** What `ask` and `follow` come with by themselves: the token of an administrator, as soon as it was started. */
    headers,
    port,
    appsDir,
    dataDir,
    databasePath,
    log,
    /** Everything that it printed since it was first started, both streams, line by line. */
    printed,

    /** Starts it and waits until it serves. */
    async start(): Promise<void> {
      const from = log.values.length
      const started = launch()
      const died = once(started, 'close').then(() => {
        throw new Error(`${log.name} ended at its start with code ${started.exitCode}: ${printed.join('\n')}`)
      })
      await Promise.race([log.first((line) => line.msg.startsWith('Selfhostly is ready'), { from, withinMs: startDeadlineMs }), died])
      died.catch(() => undefined)
      if (sendsCredentials(settings) && !headers['authorization']) Object.assign(headers, await tokenBeside(databasePath))
    },

    /** Makes a link that signs in, beside the node. @returns its code; null where nobody signs in with one by themselves */
    link: async (): Promise<string | null> => (sendsCredentials(settings) ? linkBeside(databasePath) : null),

    /** For starts that must fail: what the process said, and its exit code. */
    async startInVain(): Promise<{ code: number | null; output: string }> {
      const from = printed.length
      const started = launch()
      const late = setTimeout(() => started.kill('SIGKILL'), startDeadlineMs)
      await once(started, 'close')
      clearTimeout(late)
      return { code: started.exitCode, output: printed.slice(from).join('\n') }
    },

    /** As a power cut does it: no last words. */
    kill: () => end('SIGKILL'),

    /** As service managers do it; `code` is null when it had to be killed. */
    stop: () => end('SIGTERM'),

    /** As a closed lid does it: it neither runs nor ends, and its connections stay. */
    sleep: () => void child?.kill('SIGSTOP'),

    wake: () => void child?.kill('SIGCONT'),

    /** Of the process that runs now; 0 when none does. */
    pid: (): number => child?.pid ?? 0,

    logged: (message: string, wait?: Wait): Promise<LogLine> => log.first((line) => line.msg === message, wait),

    command,

    /** The settings of its next start, beside its port and its folder. */
    setUp(next: Settings): void {
      env = { ...machine, ...own, ...next }
    },

    /** The links that it printed, the oldest first. */
    links: () => linksIn(printed.join('\n')),

    /** What `npm run local-user -- ...words` does on this node, with `input` as its standard input. */
    localUser: (words: string[], input = '') => command('local-user', words, input),

    /** What `npm run secrets:rotate` does on this node. */
    rotateSecrets: (): Promise<string> => done(command('rotate-secrets')),

    /** What `npm run identity` prints on this node. */
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

/** What a command printed. @throws what it refused */
async function done(running: Promise<{ code: number; stdout: string; stderr: string }>): Promise<string> {
  const { code, stdout, stderr } = await running
  if (code !== 0) throw new Error(stderr)
  return stdout
}

/** What a start and `npm run link` print. */
export const linksIn = (text: string): { url: string; code: string }[] =>
  [...text.matchAll(/^open (\S+)\/#code=([\w-]+)$/gm)].map(([, url = '', code = '']) => ({ url, code }))
