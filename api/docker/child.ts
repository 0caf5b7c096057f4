import { spawn } from 'node:child_process'
import type { Clock } from '../clock.ts'
import { createLineSplitter } from './lines.ts'

/** Compose passes TERM on and lets containers be; a child that is still there after this long gets KILL. */
const killAfterMs = 3_000

export interface ChildCommand {
  file: string
  args: string[]
  cwd: string
  env: NodeJS.ProcessEnv
  /** Each line of stdout and stderr, as it comes. */
  onLine(line: string, from: 'stdout' | 'stderr'): void
  signal: AbortSignal
  clock: Clock
}

/**
 * Runs a program, without a shell, until it has ended and its output has been read.
 * It leads a process group of its own: the whole group ends with it on abort, and a Ctrl-C in this program's terminal does not reach it.
 *
 * @returns its exit code, null when a signal ended it
 * @throws the reason of `signal` once the child is gone; the error of the system when it could not be started
 */
export async function runChild(command: ChildCommand): Promise<number | null> {
  command.signal.throwIfAborted()
  const child = spawn(command.file, command.args, {
    cwd: command.cwd,
    env: command.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  for (const from of ['stdout', 'stderr'] as const) {
    const splitter = createLineSplitter((line) => command.onLine(line, from))
    child[from].on('data', splitter.push).on('end', splitter.end)
  }
  let cancelKill = (): void => {}
  const end = (): void => {
    killGroup(child.pid, 'SIGTERM')
    cancelKill = command.clock.after(killAfterMs, () => killGroup(child.pid, 'SIGKILL'))
  }
  command.signal.addEventListener('abort', end, { once: true })
  try {
    const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
    command.signal.throwIfAborted()
    return code
  } finally {
    command.signal.removeEventListener('abort', end)
    cancelKill()
  }
}

function killGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // The group has ended already.
  }
}
