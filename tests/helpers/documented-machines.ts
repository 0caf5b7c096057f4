import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { eventually } from './cluster.ts'
import { startRegistryWithTestImage } from './docker-registry.ts'
import { uniqueName } from './docker.ts'
import { checkout } from './documented.ts'
import { freePort } from './free-port.ts'
import { ask } from './graphql.ts'
import { openShell, type CommandResult, type Shell } from './shell.ts'

export type MachineName = 'primary' | 'worker' | 'newcomer'
export type DocumentedMachines = Awaited<ReturnType<typeof openMachines>>

/** The id and key of `worker-1` in every example. */
const workerId = '5588acf1-e579-415a-af39-85dd7a900f3a'
const workerKey = 'WLmtXEVoFvSHpVIOJpDpCTKgvF4v0xnoZK3Nk9NPORY'

interface Here {
  ports: Record<MachineName | 'app', number>
  registry: string
  app: string
  joinToken: string
}

/** Everything in the examples that is different here. All other text runs as written. */
const placeholders = ({ ports, registry, app, joinToken }: Here): [example: string | RegExp, here: string][] => [
  ['//192.168.1.10:8080', `//127.0.0.1:${ports.primary}`],
  ['//localhost:8080', `//localhost:${ports.primary}`],
  ['//192.168.1.21:8080', `//127.0.0.1:${ports.worker}`],
  ['nginx:alpine', `${registry}/nginx:alpine`],
  ["'8081:80'", `'127.0.0.1:${ports.app}:80'`],
  ['shlyjoin_...', joinToken],
  ['2027-01-31', `${new Date().getUTCFullYear() + 1}-01-31`],
  ['/etc/ssl/home-ca.pem', 'home-ca.pem'],
  [/\bhello\b/g, app],
  // The page says which Node this needs; the machine's own may be older.
  [/\bnode (?=\w+\.mjs\b)/g, `${process.execPath} `],
]

/** A primary's machine, the machine of `worker-1`, and one that joins with a token. Nothing runs on them yet. */
export async function openMachines(t: ExecutionContext) {
  const [registry, primary, worker, newcomer, app] = await Promise.all([
    startRegistryWithTestImage(t),
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ])
  const here: Here = { ports: { primary, worker, newcomer, app }, registry, app: uniqueName(), joinToken: 'none yet' }
  const asHere = (text: string): string => placeholders(here).reduce((changed, [example, real]) => changed.replaceAll(example, real), text)
  const shells = await openShells(t, here.ports)
  const servers = new Map<MachineName, () => Promise<void>>()

  const stopServer = async (machine: MachineName): Promise<void> => servers.get(machine)?.()

  return {
    stopServer,

    async run(machine: MachineName, text: string, input?: string): Promise<CommandResult> {
      const result = await shells[machine].run(asHere(text), input)
      for (const { body } of result.answers) here.joinToken = /JOIN_TOKEN=(\S+)/.exec(body)?.[1] ?? here.joinToken
      return result
    },

    /** Starts a program that keeps running and waits for a line. A server replaces the machine's previous one; other programs are then ended. */
    async stay(machine: MachineName, text: string, line: RegExp): Promise<void> {
      const isServer = /\bnpm start\b/.test(text)
      if (isServer) await stopServer(machine)
      const end = await shells[machine].stay(asHere(text), line)
      if (isServer) servers.set(machine, end)
      else await end()
    },

    /** Waits for the operations that a command started. @returns how they ended */
    async operationsOf({ answers }: CommandResult): Promise<Ended[]> {
      const ids = answers.flatMap(({ body }) => /"(?:operation_id|operation":\{"id)":"([^"]+)"/.exec(body)?.[1] ?? [])
      if (ids.length === 0) return []
      const { output: token } = await shells.primary.run('echo "$TOKEN"')
      const server = { url: `http://127.0.0.1:${primary}`, headers: { authorization: `Bearer ${token.trim()}` } }
      return Promise.all(ids.map((id) => ended(server, id)))
    },

    writeSettings: (machine: MachineName, text: string) => writeFile(join(shells[machine].clone, '.env'), asHere(text)),
    writeScript: (name: string, text: string) => writeFile(join(shells.primary.clone, name), asHere(text)),
  }
}

async function openShells(t: ExecutionContext, ports: Record<MachineName, number>): Promise<Record<MachineName, Shell>> {
  const primaryId = randomUUID()
  const open = (name: MachineName, env: Record<string, string> = {}): Promise<Shell> =>
    openShell(t, name, { SERVER_ADDRESS: `127.0.0.1:${ports[name]}`, NODE_COMPILE_CACHE: join(checkout, '.cache/compile'), ...env })
  const [primary, worker, newcomer] = await Promise.all([
    open('primary', { NODE_ID: primaryId, PRIMARY_ID: primaryId, WORKER_KEY: workerKey }),
    open('worker', { NODE_ID: workerId, NODE_API_KEY: workerKey }),
    open('newcomer'),
  ])
  return { primary, worker, newcomer }
}

interface Ended {
  status: string
  error: string | null
}

async function ended(server: { url: string; headers: Record<string, string> }, id: string): Promise<Ended> {
  const query = 'query ($id: ID!) { operation(id: $id) { status error } }'
  const { operation } = await eventually(
    () => ask<{ operation: Ended | null }>(server, query, { id }),
    (answer) => !['QUEUED', 'RUNNING', undefined].includes(answer.operation?.status),
    60_000,
  )
  return operation ?? { status: 'UNKNOWN', error: null }
}
