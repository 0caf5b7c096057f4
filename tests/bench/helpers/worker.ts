import { fork, type ChildProcess } from 'node:child_process'
import { openSync } from 'node:fs'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The calls a worker process answers. Each worker file exports its own type. */
export type Handlers = Record<string, (argument: never) => unknown>

interface Question {
  id: number
  name: string
  argument: unknown
}
type Answer = { id: number; value: unknown } | { id: number; error: string }

export interface Worker<Api extends Handlers> {
  pid: number
  ask<Name extends keyof Api & string>(name: Name, argument: Parameters<Api[Name]>[0]): Promise<Awaited<ReturnType<Api[Name]>>>
  end(): Promise<void>
}

export interface WorkerOptions {
  env?: NodeJS.ProcessEnv
  cwd?: string
  /** Options for Node itself. */
  execArgv?: string[]
  /** Where its output goes. Default: this process's output. */
  logFile?: string
}

/** How long a process may take to exit before it is killed. */
const stopMs = 10_000

/** Starts a separate process, so that the measured code shares neither event loop nor heap with the measuring code. */
export function startWorker<Api extends Handlers>(file: URL, options: WorkerOptions = {}): Worker<Api> {
  const output = options.logFile ? openSync(options.logFile, 'a') : 'inherit'
  const child = fork(fileURLToPath(file), {
    env: options.env ?? process.env,
    cwd: options.cwd,
    execArgv: options.execArgv ?? [],
    serialization: 'advanced',
    stdio: ['ignore', output, output, 'ipc'],
  })
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  child.on('message', (answer: Answer) => {
    const asked = waiting.get(answer.id)
    waiting.delete(answer.id)
    if ('error' in answer) asked?.reject(new Error(answer.error))
    else asked?.resolve(answer.value as never)
  })
  child.once('exit', (code, signal) => {
    for (const { reject } of waiting.values()) reject(new Error(`${file.pathname} exited early (${signal ?? code})`))
  })
  let last = 0
  return {
    pid: child.pid ?? 0,
    ask: (name, argument) =>
      new Promise((resolve, reject) => {
        const id = ++last
        waiting.set(id, { resolve, reject })
        child.send({ id, name, argument } satisfies Question)
      }),
    end: () => endChild(child),
  }
}

/** Sends SIGTERM, then SIGKILL if that is ignored. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopMs)
  await exited
  clearTimeout(timer)
}

/** In the worker: answers the parent's calls until the parent exits. */
export function answer(handlers: Handlers): void {
  const reply = (message: Answer): void => void process.send?.(message)
  process.on('message', ({ id, name, argument }: Question) => {
    const handle = async (): Promise<unknown> => await handlers[name]?.(argument as never)
    handle().then(
      (value) => reply({ id, value }),
      (error: unknown) => reply({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    )
  })
  process.once('disconnect', () => process.exit(0))
}
