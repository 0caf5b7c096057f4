import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { atEnd, isAlive, run, start, stop } from './processes.mjs'
import { machineEnvironment } from './setup/packages.mjs'

/** A first start downloads all packages and builds the dashboard. */
const FIRST_START_MS = 900_000
/** A second start has all that, and takes about a second. */
const SECOND_START_MS = 30_000
/** A node ends within 10 s of SIGTERM. */
const STOP_MS = 15_000
const POLL_MS = 100

/**
 * Does what a newcomer does: `git clone`, `npm start`, open the dashboard. Then starts again with npm offline.
 * It clones the latest commit. @returns {Promise<string>} how long both starts took; fails with what went wrong
 */
export async function proveStart(root) {
  const folder = mkdtempSync(join(tmpdir(), 'selfhostly-start-'))
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
  atEnd(remove)
  try {
    const clone = join(folder, 'clone')
    const { code, output } = await run('git', ['clone', '--quiet', root, clone])
    if (code !== 0) throw new Error(`git clone failed:\n${output}`)
    const first = await startOnce(clone, folder, FIRST_START_MS, {})
    const second = await startOnce(clone, folder, SECOND_START_MS, { npm_config_offline: 'true' })
    return `First start to healthy: ${seconds(first)}; second start, without the network: ${seconds(second)}`
  } finally {
    remove()
  }
}

async function startOnce(clone, folder, withinMs, extra) {
  const port = await freePort()
  const env = { ...newcomersEnvironment(), ...extra, SERVER_ADDRESS: `127.0.0.1:${port}`, DATABASE_PATH: join(folder, 'data', 'node.db') }
  const began = performance.now()
  const npm = start('npm', ['start'], { cwd: clone, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [npm.child.stdout, npm.child.stderr]) stream.setEncoding('utf8').on('data', (chunk) => (output += chunk))
  try {
    await healthy(`http://127.0.0.1:${port}`, npm, began + withinMs)
    const took = performance.now() - began
    await servesDashboard(`http://127.0.0.1:${port}`)
    await stopsWhenAsked(npm)
    return took
  } catch (error) {
    throw new Error(`${error.message}\nWhat npm start printed:\n${output}`)
  } finally {
    await stop(npm)
  }
}

async function healthy(url, npm, deadline) {
  let ended = false
  npm.ended.finally(() => (ended = true)).catch(() => {})
  let last = 'no answer'
  while (performance.now() < deadline) {
    if (ended) throw new Error('npm start ended before the node was healthy')
    const answer = await get(`${url}/api/health`).catch((error) => ({ status: 0, body: error.message }))
    if (answer.status === 200 && JSON.parse(answer.body).status === 'healthy') return
    last = `${answer.status} ${answer.body}`
    await sleep(POLL_MS)
  }
  throw new Error(`GET /api/health did not answer in time (last: ${last})`)
}

/** Checks the page and the first script it loads. */
async function servesDashboard(url) {
  const page = await get(`${url}/`)
  const script = /<script[^>]* src="([^"]+)"/.exec(page.body)?.[1]
  if (page.status !== 200 || !page.type.startsWith('text/html') || !script) {
    throw new Error(`GET / is not the dashboard: ${page.status} ${page.type} ${page.body.slice(0, 300)}`)
  }
  const code = await get(new URL(script, url))
  if (code.status !== 200 || !code.type.includes('javascript'))
    throw new Error(`GET ${script} is ${code.status} ${code.type}, not a script`)
}

/** Sends SIGTERM to npm alone, as a service manager or `kill` would. npm passes it on. */
async function stopsWhenAsked(npm) {
  npm.child.kill('SIGTERM')
  const deadline = performance.now() + STOP_MS
  while (isAlive(npm)) {
    if (performance.now() > deadline) throw new Error(`npm start did not end within ${STOP_MS / 1000} s of SIGTERM`)
    await sleep(POLL_MS)
  }
}

async function get(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) })
  return { status: response.status, type: response.headers.get('content-type') ?? '', body: await response.text() }
}

/** Without what `npm test` adds, especially Node 24 on PATH: a newcomer has only the machine's own Node. */
function newcomersEnvironment() {
  const added = /^(npm_(lifecycle|package|command|execpath|node_execpath|config_(local_prefix|user_agent|loglevel))|INIT_CWD$|NODE$)/
  return Object.fromEntries(Object.entries(machineEnvironment()).filter(([name]) => !added.test(name)))
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`
