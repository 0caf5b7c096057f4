import { existsSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { signInLines, signInUrls } from './auth/sign-in-urls.ts'
import { systemClock } from './clock.ts'
import type { Config } from './config.ts'
import { errorMessage, StartError } from './errors.ts'
import { createLog, createLogOutput } from './log.ts'
import { ownCommand } from './own-command.ts'
import { ownConfig } from './own-config.ts'
import { storageError } from './storage-error.ts'

/** Stopping takes no longer than this, because a service manager would soon kill the program without a log line. */
const stopDeadlineMs = 9500

const started = performance.now()
const config = orExit(readConfiguration)
const output = await createLogOutput({ pretty: Boolean(process.stdout.isTTY) })
const log = createLog({ level: config.logLevel, output })

for (const name of config.ignored) log.warn({ setting: name }, `${name} is ignored on a ${config.role}`)
if (config.access.mode === 'trusted-edge' && !config.access.cloudflare) {
  log.warn(
    'AUTH_ENABLED=false: anyone who reaches this port controls Docker on every node. Allow access only through a proxy or VPN that keeps strangers out',
  )
}

// Compiling about a thousand modules takes much of the startup time, so the compiled code is cached. The cache is in the
// data folder, where nobody else can write; the first start creates that folder and runs without a cache.
if (existsSync(config.dataDir)) enableCompileCache(join(config.dataDir, 'compile-cache'))
const { startNode } = await import('./program.ts')
const node = await startNode({ config, clock: systemClock, random: Math.random, log }).catch(exit)
const url = `http://${printedHost(config)}:${node.port}`
log.info({ url, ready_ms: Math.round(performance.now() - started) }, `Selfhostly is ready. Dashboard: ${url}`)
await printLink().catch((error: unknown) => log.error({ err: error }, `could not create a sign-in link. To get one: ${ownCommand('link')}`))

let stopping = false
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal))

async function stop(signal: string): Promise<void> {
  if (stopping) return
  stopping = true
  log.info({ signal }, 'stopping')
  const late = new Error(`did not stop within ${stopDeadlineMs / 1000} s`)
  setTimeout(() => void output.end().then(() => exit(late)), stopDeadlineMs).unref()
  await node.stop().catch(exit)
  log.info('stopped')
  await output.end()
  process.exit(0)
}

/**
 * Prints a sign-in link until an administrator can sign in some other way. Written to standard output and not to the log,
 * because people who read logs must not get the code.
 */
async function printLink(): Promise<void> {
  const { links, administratorCanSignIn } = node.services.access
  if (!links || administratorCanSignIn()) return
  const { listen, access, node: settings } = config
  const reach = { listen: { ...listen, port: node.port }, baseUrl: access.baseUrl, apiEndpoint: settings.apiEndpoint }
  const code = await links.make()
  // Printed last, after every log line, where the person at the terminal sees it.
  output.print(signInLines(signInUrls({ ...reach, interfaces: networkInterfaces() }), code))
}

function readConfiguration(): Config {
  const authorities = process.env['NODE_EXTRA_CA_CERTS']
  const config = ownConfig()
  if (process.env['NODE_EXTRA_CA_CERTS'] !== authorities) {
    process.stderr.write(
      'NODE_EXTRA_CA_CERTS has no effect in .env, because Node reads it before the program starts. Set it in the environment\n',
    )
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

/** Prints one message for an error that the operator can fix. Anything else is a bug and prints its stack. */
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
