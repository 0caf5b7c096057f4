import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import type { Server, Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { AgentAnswer, AgentRequest } from './namespace-agent.ts'

const run = promisify(execFile)
const agentFile = fileURLToPath(new URL('./namespace-agent.ts', import.meta.url))
/** From iproute2. */
const folder = '/run/netns'
/** Names include the process id, so that leftovers of a killed process can be told from namespaces in use. */
const prefix = 'shtest-'
let made = 0

export type Namespace = Awaited<ReturnType<typeof createNamespace>>

/** Not every user has `sbin` on the PATH. */
const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` }

export const ip = async (...options: string[]): Promise<void> => void (await run('ip', options, { env }))

/**
 * A network namespace with only loopback. Everything is added inside it: the machine's own network never
 * changes, which browsers would notice (ERR_NETWORK_CHANGED). @throws if this machine or user cannot use namespaces
 */
export async function createNamespace() {
  const name = `${prefix}${process.pid}-${made++}`
  await ip('netns', 'add', name)
  const remove = () => ip('netns', 'delete', name)
  const command = ['nsenter', `--net=${folder}/${name}`, '--']
  const iptables = async (...options: string[]): Promise<void> => {
    await run(command[0] ?? '', [...command.slice(1), 'iptables', '-w', ...options], { env })
  }
  try {
    await ip('-n', name, 'link', 'set', 'lo', 'up')
    await iptables('-N', 'faults')
    await iptables('-A', 'INPUT', '-j', 'faults')
  } catch (error) {
    await remove()
    throw error
  }
  return {
    name,
    /** Prefix for a command that runs in it. */
    command,
    iptables,
    remove,
  }
}

/** Removes namespaces left by killed test processes. */
export async function removeLeftBehind(): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  for (const name of names) {
    const pid = Number(/^shtest-(\d+)-\d+$/.exec(name)?.[1])
    if (pid && !isRunning(pid)) await ip('netns', 'delete', name).catch(() => undefined)
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

export type NamespaceSockets = ReturnType<typeof openSocketsIn>

/** Opens sockets in another namespace for this process. */
export function openSocketsIn({ command }: Namespace) {
  const [program = '', ...options] = command
  const child: ChildProcess = spawn(program, [...options, process.execPath, agentFile], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const waiting = new Map<number, (answer: AgentAnswer, handle: unknown) => void>()
  let asked = 0
  child.on('message', (answer: AgentAnswer, handle: unknown) => waiting.get(answer.id)?.(answer, handle))
  child.once('exit', () => waiting.forEach((resolve, id) => resolve({ id, error: "the namespace's agent has exited" }, undefined)))

  const ask = <T>(request: Omit<AgentRequest, 'id'>): Promise<T> =>
    new Promise((resolve, reject) => {
      const id = asked++
      waiting.set(id, ({ error }, handle) => {
        waiting.delete(id)
        if (error === undefined) resolve(handle as T)
        else reject(new Error(error))
      })
      child.send({ ...request, id } satisfies AgentRequest)
    })

  return {
    /** @param port 0 for any */
    listen: (port: number, host = '127.0.0.1'): Promise<Server> => ask({ kind: 'listen', host, port }),
    connect: (port: number, host = '127.0.0.1'): Promise<Socket> => ask({ kind: 'connect', host, port }),
    async end(): Promise<void> {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    },
  }
}
