import { chmodSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { atEnd, run, start, stop } from './processes.mjs'

const DEFAULT_HOST = 'unix:///var/run/docker.sock'
/** The first start sets up storage and iptables; it took 2 s on two cores. */
const READY_MS = 60_000
const POLL_MS = 200
/** dockerd gives containers up to 5 s (below), then unmounts, one after the other on a busy machine. */
const STOP_MS = 60_000

/** Whether the Engine that Docker's own tools would use answers. */
export const engineAnswers = (env = process.env) => ping(env.DOCKER_HOST || DEFAULT_HOST)

/**
 * Starts an Engine of our own in a temporary folder. It ends with this program.
 * @returns {Promise<string>} its DOCKER_HOST
 */
export async function startEngine() {
  if (process.getuid?.() !== 0) {
    throw new Error('No Docker Engine answers, and only root can start one. Start Docker, or set DOCKER_HOST to a running Engine.')
  }
  const folder = mkdtempSync(join(tmpdir(), 'selfhostly-docker-'))
  // Users other than root reach the socket, as under /var/run: its own mode says who may use it.
  chmodSync(folder, 0o711)
  const host = `unix://${folder}/docker.sock`
  const logFile = join(folder, 'dockerd.log')
  const log = openSync(logFile, 'w')
  const engine = start('dockerd', dockerdArguments(folder, host), { stdio: ['ignore', log, log] })
  engine.keep = true
  atEnd(async () => {
    await stop(engine, { group: false, waitMs: STOP_MS })
    // An Engine that had to be killed leaves mounts behind, and a folder with mounts cannot be removed.
    for (const mount of mountsUnder(folder)) await run('umount', ['--lazy', mount])
    rmSync(folder, { recursive: true, force: true })
  })
  let ended = false
  engine.ended.then(
    () => (ended = true),
    () => (ended = true),
  )
  for (const deadline = Date.now() + READY_MS; Date.now() < deadline && !ended; await sleep(POLL_MS)) {
    if (await ping(host)) return host
  }
  const lastLines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-15).join('\n')
  throw new Error(`dockerd ${ended ? 'ended at once' : `did not answer within ${READY_MS / 1000} s`}. Its last lines:\n${lastLines}`)
}

/** Mount points under a folder, innermost first. */
const mountsUnder = (folder) =>
  readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((place) => place.startsWith(`${folder}/`))
    .reverse()

function dockerdArguments(folder, host) {
  // An empty configuration, because the machine's own could name other folders.
  const config = join(folder, 'daemon.json')
  writeFileSync(config, '{}')
  return [
    ...['--host', host],
    ...['--config-file', config],
    ...['--data-root', join(folder, 'data')],
    ...['--exec-root', join(folder, 'exec')],
    ...['--pidfile', join(folder, 'docker.pid')],
    ...['--shutdown-timeout', '5'],
  ]
}

/** `GET /_ping` within 2 s. Hosts reached over SSH are left to Docker's own tools. */
function ping(host) {
  if (host.startsWith('ssh:')) return Promise.resolve(true)
  const target = host.startsWith('unix://') ? { socketPath: host.slice(7) } : tcp(host)
  return new Promise((resolve) => {
    const call = request(
      { ...target, path: '/_ping', timeout: 2_000 },
      (response) => (response.resume(), resolve(response.statusCode === 200)),
    )
    call.on('timeout', () => call.destroy())
    call.on('error', () => resolve(false))
    call.end()
  })
}

function tcp(host) {
  const { hostname, port } = new URL(host.replace(/^tcp:/, 'http:'))
  return { hostname, port }
}
