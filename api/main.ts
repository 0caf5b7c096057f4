import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { signInLines, signInUrls } from './auth/sign-in-urls.ts'
import { systemClock } from './clock.ts'
import type { Config } from './config.ts'
import { errorMessage, StartError } from './errors.ts'
import { createLog, createLogOutput } from './log.ts'
import { ownConfig } from './own-config.ts'
import { storageError } from './storage-error.ts'

/** A stop that takes longer than this is cut off: whoever runs the program would kill it soon, without any last words. */
const stopDeadlineMs = 9500

const started = performance.now()
const config = orExit(readConfiguration)
const output = await createLogOutput({ pretty: Boolean(process.stdout.isTTY) })
const log = createLog({ level: config.logLevel, output })

for (const name of config.ignored) log.warn({ setting: name }, `${name} is ignored on a ${config.role}`)
if (config.access.mode === 'trusted-edge' && !config.access.cloudflare) {
  log.warn(
    'AUTH_ENABLED=false: whoever reaches this port controls Docker on every node. Let only a proxy or VPN that keeps strangers out reach it',
  )
}

// Compiling some thousand modules is much of a start; what was compiled once is kept for the next one, where nobody else can
// write: in the data folder, once the first start has made it.
if (existsSync(config.dataDir)) enableCompileCache(join(config.dataDir, 'compile-cache'))
const { startNode } = await import('./program.ts')
const node = await startNode({ config, clock: systemClock, random: Math.random, log }).catch(exit)
const url = `http://${printedHost(config)}:${node.port}`
log.info({ url, ready_ms: Math.round(performance.now() - started) }, `Selfhostly is ready. Dashboard: ${url}`)
await printLink().catch((error: unknown) => log.error({ err: error }, 'no link to sign in could be made; npm run link makes one'))

let stopping = false
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal))

async function stop(signal: string): Promise<void> {
  if (stopping) return
  stopping = true
  log.info({ signal }, 'stopping')
  setTimeout(() => exit(new Error(`did not stop within ${stopDeadlineMs / 1000} s`)), stopDeadlineMs).unref()
  await node.stop().catch(exit)
  log.info('stopped')
  process.exit(0)
}

/** Until an administrator can come in some other way. Not through the log: the code is for whoever looks on, and for nobody who reads logs. */
async function printLink(): Promise<void> {
  const { links, administratorCanSignIn } = node.services.access
  if (!links || administratorCanSignIn()) return
  const { listen, access, node: settings } = config
  const reach = { listen: { ...listen, port: node.port }, baseUrl: access.baseUrl, apiEndpoint: settings.apiEndpoint }
  const code = await links.make()
  // Last, where whoever has started it looks, and so after every line of the log.
  output.print(signInLines(signInUrls({ ...reach, interfaces: networkInterfaces() }), code))
}

function readConfiguration(): Config {
  const authorities = process.env['NODE_EXTRA_CA_CERTS']
  const config = ownConfig()
  if (process.env['NODE_EXTRA_CA_CERTS'] !== authorities) {
    process.stderr.write('NODE_EXTRA_CA_CERTS has no effect in .env: Node reads it before the program starts. Set it in the environment\n')
  }
  return config
}

function orExit<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    return exit(error)
  }
}

/** What an operator can mend is said in words; anything else is a bug and shows where it is. */
function exit(error: unknown): never {
  const known = error instanceof StartError ? error : storageError(error)
  process.stderr.write(`${known ? errorMessage(known) : ((error as Error).stack ?? String(error))}\n`)
  process.exit(1)
}

function printedHost({ listen }: Config): string {
  const host = listen.host
  if (!host || host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}
